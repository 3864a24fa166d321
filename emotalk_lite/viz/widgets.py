"""Controls for talking: one that works on the static page, and one that needs a kernel."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from PIL import Image

from ..checkpoint import load_generator
from ..clip import PLAYER_WIDTH, player
from ..data.align import align_face
from ..data.media import speech_input
from ..devices import pick_device
from ..emotions import EMOTIONS, describe_emotion
from ..generate import AudioLike, ImageLike, emotion_weights, generate, read_speech, talk
from .data import choice_slider, frame_slider
from .figures import film_strip
from .upload import draw_button, picture_upload, recording_upload, save_uploads, wrapped


def emotion_blender(
    image: ImageLike,
    audio: AudioLike,
    start: str,
    end: str,
    *more: str,
    checkpoint: str | os.PathLike,
    stops: int = 9,
    columns: int = 5,
) -> widgets.VBox:
    """A slider that blends one emotion into another on the same speech, and, if there are several others, a list to choose from.

    All its pictures are drawn beforehand and travel inside the page, so it works without a kernel: drag it, use the arrow keys, or, with one
    end, press play.

    Args:
        image: as of `talk`.
        audio: as of `talk`.
        start: the emotion at the left end.
        end: the emotion at the right end.
        more: others to choose from for the right end.
        checkpoint: a `generator.safetensors` or a run's folder.
        stops: positions of the slider.
        columns: moments in the middle of the speech in each picture.
    """
    generator = load_generator(Path(checkpoint), pick_device("auto"))
    face = align_face(image).image
    speech = speech_input(*read_speech(audio))

    def strip(name: str, share: float) -> Image.Image:
        origin, target = np.array(emotion_weights(start)), np.array(emotion_weights(name))
        weights = (origin + share * (target - origin)).round(6)
        frames = generate(generator, face, speech, weights.tolist())
        return film_strip({describe_emotion(weights): frames}, columns, tile=128, inside=True)

    first, shares = strip(start, 0.0), np.linspace(0, 1, stops)
    strips = {name: [first, *(strip(name, share) for share in shares[1:])] for name in (end, *more)}
    said = [f"{share:.0%}" for share in shares]
    if len(strips) == 1:
        return frame_slider(strips[end], "blend", stops=said)
    return choice_slider(strips, "to", "blend", said, quality=70)


def talk_panel(
    faces: Mapping[str, ImageLike],
    recordings: Mapping[str, AudioLike],
    *,
    checkpoint: str | os.PathLike | None = None,
) -> widgets.VBox:
    """Choose a face, a recording and an emotion blend, or bring your own face and voice, and press Talk. Needs a running kernel.

    Six weights that add up to more than 1 are scaled down to 1. What is uploaded goes to the kernel's machine, into a folder that is
    removed when the kernel stops.

    Args:
        faces: by the name to choose it by; as `image` of `talk`.
        recordings: by name; as `audio` of `talk`.
        checkpoint: as of `talk`.
    """
    faces, recordings = dict(faces), dict(recordings)
    face = widgets.Dropdown(options=list(faces), description="face")
    speech = widgets.Dropdown(options=list(recordings), description="speech")
    uploads = tempfile.TemporaryDirectory(prefix="emotalk-")
    own_face, own_voice = picture_upload(), recording_upload()

    def take(upload: widgets.FileUpload, known: dict, menu: widgets.Dropdown) -> None:
        """Let ``menu`` offer what ``upload`` is given, and choose it."""

        def keep(change: dict) -> None:
            for path in save_uploads(change["new"], Path(uploads.name, menu.description)):
                known[path.name] = path
                menu.options, menu.value = list(known), path.name

        upload.observe(keep, "value")

    take(own_face, faces, face)
    take(own_voice, recordings, speech)
    weights = [widgets.FloatSlider(value=float(name == "happiness"), max=1, step=0.05, description=name) for name in EMOTIONS]

    def make(image: ImageLike, audio: AudioLike) -> widgets.HTML:
        chosen = np.array([slider.value for slider in weights])
        chosen = (chosen / max(1.0, chosen.sum())).round(6)
        clip = talk(image, audio, chosen, checkpoint=checkpoint, progress=False)
        return widgets.HTML(player(clip.mp4(), clip.title, PLAYER_WIDTH) + f"<br>{describe_emotion(chosen)}")

    button, result = draw_button("Talk", "play", lambda: (faces[face.value], recordings[speech.value]), make)
    columns = wrapped(widgets.VBox(weights[:3]), widgets.VBox(weights[3:]))
    return widgets.VBox([wrapped(face, own_face), wrapped(speech, own_voice), columns, button, result])
