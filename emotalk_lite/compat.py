"""Let torchvision and torchaudio import beside a CPU-only torch.

The registry's Linux wheels of both are built for CUDA. Beside a ``+cpu`` torch their compiled extensions cannot
be loaded, and then neither package imports. We need only parts that work without the extensions: non-maximum
suppression (for MTCNN), which is written here in torch, and torchaudio's signal processing, which is torch
already. Where the extensions load (GPU machines, Colab, macOS, Windows), :func:`apply` changes nothing.
"""

import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import torch

_kept = []  # a torch.library.Library withdraws its operators when it is collected


def apply() -> dict[str, bool]:
    """Apply the remedy where it is needed, before the first import of either package.

    Returns:
        For ``"torchvision"`` and ``"torchaudio"``: True where the remedy is in place, False where the package
        is fine as it is (or is not installed). Calling it again changes nothing.

    >>> sorted(apply())
    ['torchaudio', 'torchvision']
    """
    return {"torchvision": _torchvision(), "torchaudio": _torchaudio()}


def allow_nms() -> None:
    """Let ``torchvision.ops.nms`` run with our operator; for whoever is about to use it, as this imports torchvision, which takes long.

    torchvision asks for its compiled extension before it calls the operator. Without the remedy nothing is changed.

    >>> allow_nms()
    """
    if _kept:
        import torchvision.ops.boxes

        torchvision.ops.boxes._assert_has_ops = lambda: None


def extension_loads(library: Path) -> bool:
    """Whether the compiled extension at ``library`` can be loaded beside the installed torch.

    >>> extension_loads(Path("/there/is/no/such.so"))
    False
    """
    try:
        torch.ops.load_library(library)
    except (OSError, ImportError):
        return False
    return True


def nms(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Non-maximum suppression: keep the best box, drop those that overlap it, repeat.

    Args:
        dets: (N, 4) boxes as x1, y1, x2, y2; N may be 0.
        scores: (N,) one score a box, higher is better.
        iou_threshold: a box is dropped if its intersection over union with a kept one is greater.

    Returns:
        (K,) int64 indices of the kept boxes, best first, as ``torchvision.ops.nms``.

    >>> boxes = torch.tensor([[0., 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    >>> nms(boxes, torch.tensor([0.8, 0.9, 0.7]), 0.5)
    tensor([1, 2])
    """
    x1, y1, x2, y2 = dets.unbind(1)
    area = (x2 - x1) * (y2 - y1)
    order = scores.argsort(descending=True, stable=True)
    keep = []
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(best)
        width = (torch.minimum(x2[best], x2[rest]) - torch.maximum(x1[best], x1[rest])).clamp(min=0)
        height = (torch.minimum(y2[best], y2[rest]) - torch.maximum(y1[best], y1[rest])).clamp(min=0)
        overlap = width * height
        order = rest[~(overlap / (area[best] + area[rest] - overlap) > iou_threshold)]
    return torch.stack(keep) if keep else order.new_zeros(0)


def _torchvision() -> bool:
    if _kept:
        return True
    spec = find_spec("torchvision")
    if spec is None or "torchvision" in sys.modules:
        return False
    folder = Path(spec.origin).parent
    if any(extension_loads(p) for suffix in EXTENSION_SUFFIXES for p in folder.glob(f"_C*{suffix}")):
        return False

    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for device in ("CPU", "CUDA"):
        library.impl("nms", nms, device)
    _kept.append(library)
    return True


def _torchaudio() -> bool:
    utilities = "torchaudio._extension.utils"
    if "torchaudio" in sys.modules:
        return not sys.modules["torchaudio"]._extension._IS_TORCHAUDIO_EXT_AVAILABLE
    spec = find_spec("torchaudio")
    if spec is None:
        return False
    folder = Path(spec.origin).parent
    libraries = list((folder / "lib").glob("_torchaudio*"))
    if not libraries or all(extension_loads(p) for p in libraries):
        return False

    # torchaudio takes "no extension" in its stride if its own loader says so, but not if the loader raises
    spec = spec_from_file_location(utilities, folder / "_extension" / "utils.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module._load_lib = lambda lib: False
    sys.modules[utilities] = module
    return True
