"""Pictures, videos and widgets for the chapters. Nothing but notebooks imports this."""

from .figures import difference_figure, film_strip, mouth_figure, picture
from .video import show_video, side_by_side
from .widgets import emotion_blender, talk_panel

__all__ = [
    "difference_figure",
    "emotion_blender",
    "film_strip",
    "mouth_figure",
    "picture",
    "show_video",
    "side_by_side",
    "talk_panel",
]
