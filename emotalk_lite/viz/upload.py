"""The reader's own face and voice, for whatever a chapter makes of one. Needs a running kernel."""

from __future__ import annotations

import html
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import ipywidgets as widgets

from ..errors import EmotalkError
from ..generate import AudioLike, ImageLike

STATIC_PAGE = "<small>The buttons need a running kernel: open this page as a notebook (the rocket above, or your own machine).</small>"


def upload_panel(make: Callable[..., widgets.Widget], face: ImageLike, voice: AudioLike | None = None) -> widgets.VBox:
    """Upload a picture and a recording, press Draw, and see what a chapter's function makes of them. Needs a running kernel.

    What is uploaded goes to the kernel's machine, into a folder that is removed when the kernel stops. Whatever `EmotalkError` says of
    it is shown in one line.

    Args:
        make: takes the face and, if there is a `voice`, the recording; returns a widget. An upload comes as a path.
        face: taken until a picture is uploaded; as `image` of `talk`.
        voice: taken until a recording is uploaded; as `audio` of `talk`. If None, there is no upload for it.

    >>> uploads, result = upload_panel(lambda face: widgets.HTML(f"{face} it is"), "me.jpg").children
    >>> [child.description for child in uploads.children]
    ['your picture', 'Draw']
    >>> uploads.children[-1].click(); result.children[0].value
    'me.jpg it is'
    """
    folder = tempfile.TemporaryDirectory(prefix="emotalk-")
    known = [face] if voice is None else [face, voice]
    uploads = [button() for button in (picture_upload, recording_upload)[: len(known)]]

    def choose() -> list[ImageLike | AudioLike]:
        saved = [save_uploads(upload.value, Path(folder.name, upload.description)) for upload in uploads]
        return [paths[-1] if paths else example for paths, example in zip(saved, known)]

    button, result = draw_button("Draw", "pencil", choose, make)
    return widgets.VBox([wrapped(*uploads, button), result])


def picture_upload() -> widgets.FileUpload:
    """A button that takes one picture."""
    return widgets.FileUpload(accept="image/*", description="your picture", layout={"width": "auto"})


def recording_upload() -> widgets.FileUpload:
    """A button that takes one recording or film."""
    return widgets.FileUpload(accept="audio/*,video/*", description="your recording", layout={"width": "auto"})


def save_uploads(value: Mapping[str, Mapping] | Sequence[Mapping], folder: Path) -> list[Path]:
    """Write what a `FileUpload` holds into a folder.

    Args:
        value: of the `FileUpload`: in ipywidgets 8 a tuple of files, each with its name; in 7 a mapping from name to file.
        folder: made if it is not there.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     of_8 = save_uploads(({"name": "me.png", "content": memoryview(b"8")},), Path(folder))
    ...     of_7 = save_uploads({"../me.jpg": {"content": b"7"}}, Path(folder))
    ...     [(path.name, path.read_bytes()) for path in of_8 + of_7]
    [('me.png', b'8'), ('me.jpg', b'7')]
    """
    files = value.items() if isinstance(value, Mapping) else [(file["name"], file) for file in value]
    folder.mkdir(exist_ok=True)
    paths = []
    for name, file in files:
        paths.append(folder / Path(name).name)
        paths[-1].write_bytes(file["content"])
    return paths


def draw_button(
    label: str, icon: str, choose: Callable[[], Sequence[ImageLike | AudioLike]], make: Callable[..., widgets.Widget]
) -> tuple[widgets.Button, widgets.VBox]:
    """A button, and the place that shows what ``make`` makes of what ``choose`` gives, or in one line why it cannot."""
    button = widgets.Button(description=label, icon=icon, button_style="primary")
    result = widgets.VBox([widgets.HTML(STATIC_PAGE)], layout={"max_width": "100%"})

    def press(_: object) -> None:
        button.disabled = True
        result.children = [widgets.HTML("drawing …")]
        given = choose()
        try:
            result.children = [make(*given)]
        except EmotalkError as error:
            said = str(error)
            for path in given:
                if isinstance(path, (str, os.PathLike)):  # the folder is nobody's business
                    said = said.replace(str(path), Path(path).name)
            result.children = [widgets.HTML(f"<b>{html.escape(said)}</b>")]
        finally:
            button.disabled = False

    button.on_click(press)
    return button, result


def wrapped(*parts: widgets.Widget) -> widgets.HBox:
    """Widgets side by side, below each other on a phone."""
    return widgets.HBox(parts, layout={"flex_flow": "row wrap"})
