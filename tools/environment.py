"""Create the environment that the book runs in, or leave it alone when nothing it is made from has changed.

    python3 tools/environment.py           # .venv: the package, notebooks, site and tests
    python3 tools/environment.py --site    # .venv-site: what the site alone needs, without torch

Standard library only, because it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
TESTED = ((3, 11), "Linux", "x86_64")  # where constraints.txt was written
SOURCES = ("requirements.txt", "requirements-nodeps.txt", "constraints.txt", "pyproject.toml", "setup.py")


def fingerprint(root: Path = ROOT) -> str:
    """Hash of everything the environment is made from: the requirement files and the Python version."""
    digest = hashlib.sha256(sys.version.encode())
    for name in SOURCES:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def read_stamp(venv: Path) -> dict:
    """What was noted in ``venv``: ``at``, where it was created, and ``key``, from which files it was completed."""
    try:
        return json.loads((venv / "stamp.json").read_text())
    except (OSError, ValueError):
        return {}


def write_stamp(venv: Path, key: str | None) -> None:
    """Note where ``venv`` stands (its scripts hold absolute paths) and, once complete, the key it was made from."""
    (venv / "stamp.json").write_text(json.dumps({"at": str(venv), "key": key}))


def python_of(venv: Path) -> Path:
    """The interpreter inside a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def site_requirements(root: Path = ROOT) -> list[str]:
    """What ``make site`` needs, read from the ``site`` extra of pyproject.toml."""
    import tomllib

    return tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]["site"]


def pip(venv: Path, *arguments: str) -> bool:
    """Run pip inside ``venv``; its own progress goes to the screen."""
    command = [str(python_of(venv)), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, cwd=ROOT).returncode == 0


def install(venv: Path, *wanted: str) -> None:
    """Install with the tested versions; elsewhere than where they were tested, fall back on the ranges."""
    if pip(venv, *wanted, "-c", "constraints.txt"):
        return
    here = (sys.version_info[:2], platform.system(), platform.machine())
    if here == TESTED:
        sys.exit("environment: pip failed (its message is above); run the same command again to go on from there")
    print("environment: the tested versions do not install on this system; trying the ranges instead", flush=True)
    if not pip(venv, *wanted):
        sys.exit("environment: pip failed (its message is above); see 'If something goes wrong' in book/setup.md")


def make(venv: Path, *, site: bool) -> None:
    """Create ``venv`` if it is missing or was moved, and install into it."""
    if read_stamp(venv).get("at") != str(venv) or not python_of(venv).exists():
        print(f"environment: creating {venv.name}", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)]).returncode:
            sys.exit("environment: Python cannot create virtual environments here; "
                     "on Debian and Ubuntu, install its venv package (apt install python3-venv)")
    write_stamp(venv, None)
    if site:
        install(venv, *site_requirements())
        return
    install(venv, "-r", "requirements.txt")
    if not pip(venv, "--no-deps", "-r", "requirements-nodeps.txt", "--editable", "."):
        sys.exit("environment: pip failed (its message is above); run the same command again to go on from there")


def main() -> None:
    """Command line; prints one line when there was something to do and nothing otherwise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", action="store_true", help="only what building the site needs, in .venv-site")
    options = parser.parse_args()
    if sys.version_info < OLDEST:
        sys.exit(f"environment: Python {platform.python_version()} is too old; "
                 "install Python 3.11 or newer and run make PYTHON=python3.11 (or its path)")
    venv = ROOT / (".venv-site" if options.site else ".venv")
    key = fingerprint()
    if read_stamp(venv) == {"at": str(venv), "key": key} and python_of(venv).exists():
        return
    start = time.monotonic()
    make(venv, site=options.site)
    write_stamp(venv, key)
    print(f"environment: {venv.name} is ready ({time.monotonic() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
