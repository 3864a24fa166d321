"""Files from the web whose content is known: pinned by their hash, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import requests
from tqdm import tqdm

from .errors import EmotalkError
from .paths import atomic_path

TIMEOUT = 5, 20  # seconds until somebody answers, and without a byte thereafter


def download(url: str, path: str | os.PathLike, sha256: str, otherwise: str, progress: bool = True) -> Path:
    """Fetch a file, once: nothing is tried again. What it is, and how large, is said as soon as somebody answers.

    Args:
        url: where from.
        path: where to.
        sha256: of the content, in hexadecimal.
        otherwise: what to do with the file if somebody gets it by hand, or without it: for the error.
        progress: show a bar with the time left.

    Returns:
        `path`.

    Raises:
        EmotalkError: nobody answers, or with another file than the known one. Nothing is left behind then.

    >>> download("http://127.0.0.1:9/BSRGAN.pth", "no_such_folder/BSRGAN.pth", "", "leave it out")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: cannot download BSRGAN.pth (offline?); get it from http://127.0.0.1:9/BSRGAN.pth and leave it out
    """
    path, digest = Path(path), hashlib.sha256()
    try:
        with requests.get(url, stream=True, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            total = int(answer.headers.get("Content-Length", 0)) or None
            print(f"downloading {path.name}" + (f" ({total / 1e6:.0f} MB)" if total else ""), file=sys.stderr)
            with (
                atomic_path(path) as temporary,
                open(temporary, "wb") as file,
                tqdm(total=total, desc=path.name, unit="B", unit_scale=True, disable=not progress) as bar,
            ):
                for block in answer.iter_content(1 << 20):
                    digest.update(block)
                    bar.update(file.write(block))
                if digest.hexdigest() != sha256:
                    raise EmotalkError(f"{url} gave another file than the known one (its SHA-256 differs); run it again")
    except requests.RequestException as error:
        why = "offline?" if error.response is None else f"HTTP {error.response.status_code}"
        raise EmotalkError(f"cannot download {path.name} ({why}); get it from {url} and {otherwise}") from error
    return path
