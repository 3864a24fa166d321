"""emotalk_lite: one face image + speech + an emotion -> a talking-face video.

Names are loaded when first used (PEP 562), so ``import emotalk_lite`` itself imports neither torch nor numpy.

>>> import emotalk_lite as et
>>> et.EMOTIONS
('anger', 'disgust', 'fear', 'happiness', 'neutral', 'sadness')
"""

import os
from importlib import import_module

__version__ = "0.1.0"

# A thread that waits for another spins at first and then sleeps. The default spins for so long that, where other
# programs share the processor, training becomes several times slower; sleeping at once halves the speed of a quiet one.
# GNU OpenMP reads this once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

# public name -> the module that holds it
_EXPORTS = {
    "EMOTIONS": "emotions",
    "parse_emotion": "emotions",
    "EmotalkError": "errors",
    "PRESETS": "presets",
    "sample": "data.sample",
    "VARIANTS": "variants",
    "variant": "variants",
    "train": "training.train",
    "run_folder": "training.train",
    "load_generator": "checkpoint",
    "from_reference": "models.reference",
    "talk": "generate",
    "Clip": "clip",
    "chapter_cost": "chapter_costs",
}
__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str):
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_EXPORTS[name]}", __name__), name)
    globals()[name] = value  # the next access does not come back here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
