"""What takes long to compute of a real video is kept: the real set is the same in every evaluation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from ..paths import atomic_path, file_sha256, home


class Cache:
    """Arrays by the SHA-256 of a video and by what was computed, below `features/` in `home()`.

    A changed video has another hash and is computed anew; so is a file that was damaged. Delete the folder at any time.

    Args:
        keep: False writes no file, and knows the arrays only as long as it lives.

    >>> cache = Cache(keep=False)
    >>> cache.get(Path("film"), "mean", lambda: np.ones(2))
    array([1., 1.])
    >>> cache.get(Path("film"), "mean", lambda: 1 / 0)
    array([1., 1.])
    """

    def __init__(self, keep: bool = True) -> None:
        self.keep = keep
        self._hashes: dict[Path, str] = {}
        self._arrays: dict[tuple[Path, str], np.ndarray] = {}

    def get(self, video: Path, what: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """The array that `compute` gave for this video before, or gives now.

        Args:
            video: the file that it belongs to.
            what: names everything else that it depends on, such as the network; letters, digits, - and _.
            compute: makes the array.

        Raises:
            EmotalkError: the folder cannot be written.
        """
        if not self.keep:
            if (video, what) not in self._arrays:
                self._arrays[video, what] = compute()
            return self._arrays[video, what]
        path = home() / "features" / what / f"{self._sha256(video)}.safetensors"
        try:
            return load_file(path)["values"]
        except (OSError, SafetensorError, KeyError):  # not there, or damaged
            values = np.ascontiguousarray(compute())
        with atomic_path(path) as temporary:
            temporary.write_bytes(save({"values": values}))  # save_file would keep it from everybody else who shares the folder
        return values

    def _sha256(self, video: Path) -> str:
        if video not in self._hashes:
            self._hashes[video] = file_sha256(video)
        return self._hashes[video]
