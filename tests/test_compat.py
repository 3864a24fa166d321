"""torchvision and torchaudio beside a torch for which their extensions were not built, and beside one for which they were."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from emotalk_lite import compat

ROOT = Path(__file__).parents[1]


def mirror(package: str, library: str, folder: Path, content: bytes) -> None:
    """The installed package by symbolic links, with its compiled extension replaced by ``content``."""
    real = Path(find_spec(package).origin).parent
    copy = folder / package
    copy.mkdir()
    for entry in real.iterdir():
        if entry.name == "lib" and entry.is_dir():
            (copy / "lib").mkdir()
            for inner in entry.iterdir():
                (copy / "lib" / inner.name).symlink_to(inner)
        else:
            (copy / entry.name).symlink_to(entry)
    for entry in copy.rglob(library):
        entry.unlink()
        entry.write_bytes(content)


def run(folder: Path, code: str) -> str:
    """Run code in a new interpreter that sees the mirrored packages first."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nms_equals_its_definition():
    torch.manual_seed(0)
    corner = torch.rand(60, 2) * 20
    boxes = torch.cat([corner, corner + 1 + torch.rand(60, 2) * 20], dim=1)
    scores = torch.rand(60)
    kept = []
    for i in scores.argsort(descending=True).tolist():
        for j in kept:
            w, h = (torch.minimum(boxes[i, 2:], boxes[j, 2:]) - torch.maximum(boxes[i, :2], boxes[j, :2])).clamp(min=0)
            areas = sum((boxes[k, 2:] - boxes[k, :2]).prod() for k in (i, j))
            if w * h / (areas - w * h) > 0.4:
                break
        else:
            kept.append(i)
    assert 1 < len(kept) < 60
    assert compat.nms(boxes, scores, 0.4).tolist() == kept


def test_nms_of_no_boxes():
    kept = compat.nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert kept.shape == (0,) and kept.dtype == torch.int64


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_where_the_extensions_do_not_load_both_packages_import_all_the_same(tmp_path):
    mirror("torchvision", "_C*", tmp_path, b"not a library")
    mirror("torchaudio", "_torchaudio*", tmp_path, b"not a library")
    printed = run(
        tmp_path,
        "from emotalk_lite import compat; print(sorted(compat.apply().items())); print(sorted(compat.apply().items()))\n"
        "import torch, torchvision, torchaudio\n"
        "compat.allow_nms()\n"
        "boxes = torch.tensor([[0., 0, 2, 2], [0, 0, 2, 2.1]])\n"
        "print(torchvision.ops.nms(boxes, torch.tensor([.1, .2]), .5).tolist())\n"
        "print(torchaudio.functional.resample(torch.zeros(441), 44100, 8000).shape[0])",
    )
    assert printed.splitlines() == ["[('torchaudio', True), ('torchvision', True)]"] * 2 + ["[1]", "80"]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_where_the_extensions_load_nothing_is_touched(tmp_path):
    library = Path(torch._C.__file__).read_bytes()  # a shared library that loads beside this torch
    mirror("torchvision", "_C*", tmp_path, library)
    mirror("torchaudio", "_torchaudio*", tmp_path, library)
    printed = run(
        tmp_path,
        "import sys, torch\nfrom emotalk_lite import compat\n"
        "print(sorted(compat.apply().items()))\n"
        "print(hasattr(torch.ops.torchvision, 'nms'), [m for m in sys.modules if m.startswith('torcha')])",
    )
    assert printed.splitlines() == ["[('torchaudio', False), ('torchvision', False)]", "False []"]


def test_on_this_machine_mtcnn_and_resampling_import():
    import emotalk_lite.data  # noqa: F401  applies the remedy if this machine needs it
    from facenet_pytorch import MTCNN  # noqa: F401
    from torchaudio.functional import resample

    assert resample(torch.zeros(441), 44100, 8000).shape == (80,)


def test_importing_the_package_imports_neither_torch_nor_numpy():
    code = "import sys, emotalk_lite as et; et.EMOTIONS; et.parse_emotion; print({'torch', 'numpy'} & set(sys.modules))"
    assert run(ROOT, code) == "set()"
