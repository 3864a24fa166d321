"""Each chapter's panel for the reader's own face and voice, with real files: uploaded, pressed, and what then stands below."""

import ast
import io
import shutil
from datetime import UTC, datetime

import chapters
import ipywidgets as widgets
import numpy as np
import pytest
from PIL import Image
from talk_inputs import checkpoint, speech, speech_file, write_audio  # noqa: F401

from emotalk_lite.models.rrdb import RRDBNet

# What the cells that make a panel need of the chapter above them, at a size for tests
SHARED = """
import io, numpy as np, torch, matplotlib.pyplot as plt
import emotalk_lite as et
from pathlib import Path
from PIL import Image
from skimage.data import astronaut
from scipy.ndimage import gaussian_filter
from emotalk_lite import generate, superres, viz
from emotalk_lite.data import clips, masks
from emotalk_lite.data.align import align_face
from emotalk_lite.data.windows import to_signed, to_uint8
from emotalk_lite.metrics import frechet
from emotalk_lite.presets import STAGES
SCALE = "smoke"
manifest = et.sample(progress=False)
sample = {e.emotion: clips.load_clip(manifest.path(e)) for e in manifest.clips}
"""
CELLS = {
    "06_image_encoder": (
        "generator = generate.load_generator(generate.SHIPPED).requires_grad_(False)\ntrained = generator.image_encoder\n"
        "people = torch.stack([to_signed(c.frames[len(c) // 2]) for c in sample.values()]).expand(7, 6, 3, 128, 128)\n",
        ["def gates_during", "def gate_picture(", "def gate_pictures(", "def gate_explorer(", "viz.upload_panel("],
    ),
    "07_emotion_noise": ("said = 0 * sample['anger'].audio\nothers = ('sadness', 'fear')\n", ["viz.upload_panel("]),
    "10_losses": (
        "clip = sample['happiness']\ndrawn = clip.frames\nof_pixel = lips = mouth = eyes = torch.ones(1, 1, 128, 128)\n",
        ["def signed(", "def glow(", "widths = ", "def mask_explorer(", "viz.upload_panel("],
    ),
    "11_training": (
        "run, data = RUN, manifest.folder\n",
        ["def films_of(", "def scrub(", "viz.upload_panel("],
    ),
    "13_bsrgan": ("models = {'bicubic': superres.load_upscaler('bicubic'), 'Real-ESRGAN': SMALL}\n", ["viz.upload_panel("]),
    "14_fid": (
        "films, happy = [sample['happiness']], 0\nframes = films[0].frames[:24]\n"
        "from emotalk_lite.metrics.frechet import frechet_distance as distance, statistics as gaussian\n"
        "from emotalk_lite.models.features import load_features\nnetwork = load_features('efficientnet_lite0')\n"
        "real = frechet.picture_features(frames, network)\n",
        ["def blurred(", "def stop(", "def ruin_all(", "viz.upload_panel("],
    ),
}


@pytest.mark.parametrize("stem", CELLS)
def test_a_panel_draws_the_readers_own_face_and_voice(stem, own, in_this_process, checkpoint, tmp_path):  # noqa: F811
    kept = tmp_path / "checkpoints"
    kept.mkdir()
    for name in ("pretrain-000001", "joint-000002"):
        shutil.copy(checkpoint, kept / f"{name}.safetensors")
    panel = last_value(stem, {"RUN": tmp_path, "SMALL": RRDBNet(8, 1, 4).eval()})
    (*uploads, button), result = panel.children[0].children, panel.children[1]
    assert [upload.description for upload in uploads] == ["your picture", "your recording"][: len(uploads)]
    assert "need a running kernel" in result.children[0].value  # what the static page says
    give(uploads[0], own["picture"], version=8)
    for upload in uploads[1:]:
        give(upload, own["sound"], version=7)
    button.click()
    of_me = shown(result)
    assert len(set(of_me)) > 1 and all(Image.open(io.BytesIO(data)).width > 100 for data in of_me)

    give(uploads[0], own["another picture"], version=7)
    button.click()
    of_another = shown(result)
    assert len(of_another) == len(of_me) and of_another != of_me

    give(uploads[0], ("me.txt", b"not a picture"), version=8)
    button.click()
    (said,) = result.children
    assert said.value.startswith("<b>me.txt: ") and "\n" not in said.value and not button.disabled


@pytest.fixture(scope="module")
def own(portrait, speech, tmp_path_factory):  # noqa: F811
    """Two pictures and half a second of speech as a reader's files: name and bytes."""
    files = {}
    for name, picture in {"picture": portrait[:300], "another picture": portrait[:300, ::-1]}.items():
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "JPEG", quality=95)
        files[name] = ("me.jpg", buffer.getvalue())
    path = tmp_path_factory.mktemp("own") / "me.wav"
    write_audio(path, speech.samples[:, speech.rate : speech.rate * 3 // 2], speech.rate, "pcm_s16le")
    return files | {"sound": (path.name, path.read_bytes())}


def give(upload: widgets.FileUpload, file: tuple[str, bytes], version: int) -> None:
    """Upload a file as the browser does with this major version of ipywidgets."""
    name, content = file
    if version == 8:
        upload.value = ({"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": datetime.now(UTC)},)
    else:  # a mapping, which the FileUpload of 8 would not let in by the front door
        upload._trait_values["value"] = {name: {"metadata": {"name": name, "size": len(content)}, "content": content}}


def shown(result: widgets.VBox) -> list[bytes]:
    """The pictures that a panel holds."""
    todo, found = list(result.children), []
    while todo:
        part = todo.pop(0)
        if isinstance(part, widgets.Image):
            found.append(bytes(part.value))
        todo += getattr(part, "children", ())
    return found


def last_value(stem: str, given: dict) -> widgets.VBox:
    """What the last of a chapter's cells for its panel gives, after the others."""
    before, needles = CELLS[stem]
    exec(SHARED + before, given)
    code = chapters.code_of(chapters.to_notebook(next(path for path in chapters.chapters() if path.stem == stem)))
    for needle in needles:
        (cell,) = [source for source in code if needle in source]
        exec(cell, given)
    return eval(compile(ast.Expression(ast.parse(cell).body[-1].value), stem, "eval"), given)
