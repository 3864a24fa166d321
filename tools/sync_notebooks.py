"""Bring notebooks/ and colab/notebooks/ in step with book/chapters/: new prose at once, new code by running it.

    python tools/sync_notebooks.py            # rewrite the notebooks whose prose changed; outputs are kept
    python tools/sync_notebooks.py --check    # change nothing; exit 1 if a notebook is out of step
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import chapters
import editions


def out_of_step(root: Path = chapters.ROOT, *, write: bool) -> list[str]:
    """Compare every chapter with its notebooks; with ``write``, bring the prose up to date. Returns what stays wrong."""
    problems = []
    folder = root / "notebooks"
    sources = chapters.chapters(root)
    for path in (*sorted(folder.glob("*.ipynb")), *sorted((root / "colab" / "notebooks").glob("*.ipynb"))):
        if path.stem not in {source.stem for source in sources}:
            problems.append(f"{path.relative_to(root).as_posix()} has no chapter in book/chapters; remove it")
    for source in sources:
        path = chapters.notebook_path(source, folder)
        fresh, stored = chapters.to_notebook(source), chapters.read(path)
        if stored is None or not chapters.carry_outputs(stored, fresh):
            problems.append(f"{source.stem}: its code is not the code that was executed; run: make notebooks")
        elif (fresh, editions.colab_edition(source, root)) != (stored, chapters.read(editions.colab_path(source, root))):
            if write:
                chapters.write(fresh, path)
                write_colab_edition(source, root)
            else:
                problems.append(f"{source.stem}: its text changed; run: python tools/sync_notebooks.py")
    return problems


def write_colab_edition(chapter: Path, root: Path = chapters.ROOT) -> None:
    """Write the notebook that the chapter's launch button opens."""
    chapters.write(editions.colab_edition(chapter, root), editions.colab_path(chapter, root))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, only report")
    problems = out_of_step(write=not parser.parse_args().check)
    for problem in problems:
        print(f"sync_notebooks: {problem}", file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
