"""Build the site from the notebooks that this machine executed, or leave it alone when nothing in it changed.

    python tools/build_site.py --scale cpu

Works on a copy under _build/stage, where the executed notebooks take the place of the committed ones; the finished
site moves to _build/html, so a failed build leaves the previous site standing. Plain `jupyter-book build .` does the
same with the committed notebooks (make site).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import chapters
import check_site

JUPYTER_BOOK = Path(sys.executable).with_name("jupyter-book")
STRICT = ["-W", "-n", "--keep-going", "-q"]  # every warning is an error, and all of them are shown
OPTIONS = [f"emotalk_lite/{name}.py" for name in ("__init__", "config", "errors", "kinds", "options", "presets")]  # the options page reads them
INPUTS = ("_config.yml", "_toc.yml", "book", "colab", "results", *OPTIONS)


def input_files(notebooks: Path, root: Path = chapters.ROOT) -> dict[str, Path]:
    """Everything the site is made from: name inside the book -> file."""
    files = {}
    for name in INPUTS:
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and not {"chapters", "__pycache__"} & set(path.relative_to(root).parts):
                files[path.relative_to(root).as_posix()] = path
    names = (f"{chapter.stem}.ipynb" for chapter in chapters.chapters(root))
    return files | {f"notebooks/{name}": notebooks / name for name in names}


def fingerprint(files: dict[str, Path]) -> str:
    """Hash of the site's inputs."""
    digest = hashlib.sha256()
    for name, path in files.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def build(files: dict[str, Path], stage: Path) -> Path:
    """Copy the inputs to ``stage`` and run Jupyter Book there; returns the folder with the pages.

    Warnings go to the screen, and raise CalledProcessError in the end.
    """
    shutil.rmtree(stage, ignore_errors=True)
    for name, path in files.items():
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, stage / name)
    subprocess.run([JUPYTER_BOOK, "build", stage, *STRICT], stdout=subprocess.DEVNULL, check=True)
    return stage / "_build" / "html"


def main() -> None:
    """Command line; the last line printed is where the site is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", default="cpu")
    scale = parser.parse_args().scale
    build_folder = chapters.ROOT / "_build"
    files = input_files(build_folder / "executed" / scale)
    missing = [name for name, path in files.items() if not path.exists()]
    if missing:
        sys.exit(f"site: {', '.join(missing)} not executed at scale {scale} yet; run: make book SCALE={scale}")
    key, site, stamp = fingerprint(files), build_folder / "html", build_folder / "html" / ".made-from"
    if stamp.exists() and stamp.read_text() == key:
        print("site: nothing in it has changed")
    else:
        print("site: building the pages", flush=True)
        try:
            pages = build(files, build_folder / "stage")
        except subprocess.CalledProcessError:
            sys.exit("site: not built; the messages above name files under _build/stage, which are copies of yours")
        problems = check_site.check(pages)
        if problems:
            sys.exit("\n".join(f"site: {problem}" for problem in problems))
        (pages / stamp.name).write_text(key)
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(pages, site)
        shutil.rmtree(build_folder / "stage")
    print(f"site: open {site / 'index.html'}")


if __name__ == "__main__":
    main()
