"""Pictures, videos and widgets for the chapters. Nothing but notebooks imports this."""

from .data import choice_slider, draw_points, frame_slider, mask_picture, row, spectrogram
from .distance import Ruined, distance_slider
from .effects import effects_figure, seeds_figure
from .figures import difference_figure, film_strip, mouth_figure, picture
from .likert import likert_figure
from .map import model_map
from .shapes import shape_diagram
from .tiles import mosaic
from .upload import upload_panel
from .video import show_video, side_by_side
from .widgets import emotion_blender, talk_panel
from .wipe import wipe

__all__ = [
    "Ruined",
    "choice_slider",
    "difference_figure",
    "distance_slider",
    "draw_points",
    "effects_figure",
    "emotion_blender",
    "film_strip",
    "frame_slider",
    "likert_figure",
    "mask_picture",
    "model_map",
    "mosaic",
    "mouth_figure",
    "picture",
    "row",
    "seeds_figure",
    "shape_diagram",
    "show_video",
    "side_by_side",
    "spectrogram",
    "talk_panel",
    "upload_panel",
    "wipe",
]
