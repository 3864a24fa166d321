"""What a chapter of the book takes at each scale: measured runs, kept in ``results/chapter_costs.json``.

``tools/run_notebooks.py --record`` writes that file from the notebooks that it executed.
"""

from .errors import EmotalkError
from .paths import stored_results

SCALES = ("smoke", "cpu", "cuda")
GPU, LONGER, SAME = "needs a GPU", "trains longer than cpu does, and needs no GPU", "computes what cpu does, and needs no GPU"
CUDA_NEEDS = {  # of the chapters that look at SCALE for more than whether it is smoke
    "00_quickstart": GPU, "02_gan": LONGER, "03_autoencoder": LONGER, "08_decoder": LONGER,
    "09_discriminators": LONGER, "11_training": GPU, "13_bsrgan": GPU,
}  # fmt: skip


def chapter_cost(chapter: str, scale: str) -> str:
    """What a chapter will take at the chosen scale, and at the others: two lines for a notebook to print.

    Time is that of the whole chapter, memory the most that its kernel held, both measured once on the device that is named.

    Args:
        chapter: its file's name, such as "08_decoder". One that was never recorded, such as your own, has no measurement.
        scale: "smoke", "cpu" or "cuda".

    Raises:
        EmotalkError: there is no such scale.

    >>> print(chapter_cost("08_decoder", "cpu"))
    At scale cpu this chapter takes ... and ... GB of memory, measured on ...
    Other scales: smoke ... cuda ...
    >>> chapter_cost("08_decoder", "gpu")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: no scale 'gpu'; choose smoke, cpu or cuda
    """
    if scale not in SCALES:
        raise EmotalkError(f"no scale '{scale}'; choose smoke, cpu or cuda")
    runs, needs = stored_results("chapter_costs").get(chapter, {}), CUDA_NEEDS.get(chapter, SAME)
    if scale in runs:
        chosen = "At scale {} this chapter takes {} and {} of memory, measured on {}.".format(scale, *_facts(runs[scale]))
    else:
        chosen = f"What this chapter takes at scale {scale} was not measured."
    if scale == "cuda":
        chosen += f" It {needs}."
        if needs == GPU and not _gpu():
            chosen += " This machine has none that CUDA can use: choose cpu."
    others = []
    for other in SCALES:
        if other in runs and other != scale:
            others.append("{} {}, {} ({})".format(other, *_facts(runs[other])))
        elif other != scale:
            others.append(f"{other} was not measured" + (f"; it {needs}" if other == "cuda" else ""))
    return f"{chosen}\nOther scales: {'. '.join(others)}."


def minutes(seconds: float) -> str:
    """A duration as people say it.

    >>> minutes(47.9), minutes(192.4)
    ('48 s', '3 min 12 s')
    """
    whole, rest = divmod(round(seconds), 60)
    return f"{whole} min {rest} s" if whole else f"{rest} s"


def _facts(run: dict) -> tuple[str, str, str]:
    """Time, memory and device of a run, in words."""
    return minutes(run["seconds"]), f"{run['peak_bytes'] / 1e9:.1f} GB", run["device"]


def _gpu() -> bool:
    """Whether this machine has a GPU that PyTorch can use; torch is imported only to ask."""
    import torch

    return torch.cuda.is_available()
