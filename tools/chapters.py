"""Chapters and notebooks: what one is made of, and when the other is out of date.

A chapter (``book/chapters/NN_name.md``, jupytext's MyST Markdown) is what people write and review. A notebook
(``notebooks/NN_name.ipynb``) is derived from it, executed, and carries the outputs. The other tools build on this module.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

ROOT = Path(__file__).resolve().parent.parent
LAST_RUN = "last-run"  # tag of the line under the title that says what the last execution took
NEVER_RUN = "*This chapter has not been executed yet.*"
KEPT_METADATA = ("kernelspec", "language_info", "widgets", "emotalk")  # of a notebook; the rest is some tool's private note


def chapters(root: Path = ROOT) -> list[Path]:
    """The chapters' sources, in reading order."""
    return sorted((root / "book" / "chapters").glob("[0-9][0-9]_*.md"))


def chosen(numbers: list[str], root: Path = ROOT) -> list[Path]:
    """The chapters that have these numbers, such as "06", in the numbers' order; all where none is given.

    Raises:
        ValueError: a number that no chapter has.
    """
    every = chapters(root)
    if unknown := [number for number in numbers if not any(chapter.name.startswith(number) for chapter in every)]:
        raise ValueError(f"no chapter {', '.join(unknown)}; there are {every[0].name[:2]} to {every[-1].name[:2]}")
    return [chapter for number in numbers for chapter in every if chapter.name.startswith(number)] or every


def notebook_path(chapter: Path, folder: Path = ROOT / "notebooks") -> Path:
    """Where the notebook of ``chapter`` lies, or would lie, in ``folder``."""
    return folder / f"{chapter.stem}.ipynb"


def to_notebook(chapter: Path) -> NotebookNode:
    """Read a chapter into a notebook without outputs.

    Two things are added that no author has to write: the line under the title that tells what the last run took, and cell
    ids made from the cells' text, so that the same chapter always gives the same notebook.
    """
    notebook = jupytext.read(chapter, fmt="md:myst")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = NotebookNode({k: v for k, v in notebook.metadata.items() if k in KEPT_METADATA})
    notebook.metadata.setdefault("kernelspec", {"name": "python3", "display_name": "Python 3", "language": "python"})
    notebook.cells = with_ids(with_last_run_line(notebook.cells))
    return notebook


def with_ids(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Give each cell an id made from its text (fork.py knows how)."""
    seen: Counter[str] = Counter()
    for cell in cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:10]
        cell.id = f"{digest}-{seen[digest]}"
        seen[digest] += 1
    return cells


def with_last_run_line(cells: list[NotebookNode]) -> list[NotebookNode]:
    """Put the line about the last run under the title; the text that followed the title becomes a cell of its own."""
    cells = [c for c in cells if not is_last_run(c)]  # JupyterLab's pairing writes the line back into the chapter
    if not cells or cells[0].cell_type != "markdown":
        raise ValueError("a chapter begins with its title, a line that starts with '# '")
    match = re.match(r"(?:\([\w-]+\)=\n)?# .+", cells[0].source)
    if not match:
        raise ValueError("a chapter begins with its title, a line that starts with '# '")
    rest = cells[0].source[match.end():].strip()
    line = new_markdown_cell(NEVER_RUN, metadata={"tags": [LAST_RUN]})
    return [new_markdown_cell(match.group(), metadata=cells[0].metadata), line,
            *([new_markdown_cell(rest)] if rest else []), *cells[1:]]


def is_last_run(cell: NotebookNode) -> bool:
    """Whether this is the cell that tells what the last run took."""
    return LAST_RUN in cell.metadata.get("tags", ())


def code_of(notebook: NotebookNode) -> list[str]:
    """What execution depends on: the source of each code cell, in order."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def execution_key(notebook: NotebookNode, scale: str, root: Path = ROOT) -> str:
    """Hash of all that a notebook's outputs come from: its code, the results it reads, the package, the scale and the pinned versions.

    What chapters cost is left out: `costs.print_again` brings the cells up to date that print it.
    """
    code = code_of(notebook)
    digest = hashlib.sha256(json.dumps([code, scale]).encode())
    package = (p for p in (root / "emotalk_lite").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    for path in [*sorted(package), *results_read(code, root), root / "constraints.txt"]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def results_read(code: list[str], root: Path = ROOT) -> list[Path]:
    """The files of results/ that a chapter's code names."""
    calls = re.findall(r'stored_(results|file)\("([\w.]+)"\)', "\n".join(code))
    named = (root / "results" / (f"{name}.json" if kind == "results" else name) for kind, name in sorted(set(calls)))
    return [path for path in named if path.is_file()]


def carry_outputs(executed: NotebookNode, fresh: NotebookNode) -> bool:
    """Give ``fresh`` the outputs of ``executed`` if both have the same code; False (and nothing done) if not.

    Prose may have changed in between; the line about the last run and the widgets' state come along too.
    """
    if code_of(executed) != code_of(fresh):
        return False
    old = [c for c in executed.cells if c.cell_type == "code"]
    new = [c for c in fresh.cells if c.cell_type == "code"]
    for before, after in zip(old, new, strict=True):
        after.outputs, after.execution_count = before.outputs, before.execution_count
    for before in filter(is_last_run, executed.cells):
        next(filter(is_last_run, fresh.cells)).source = before.source
    for name in KEPT_METADATA:
        if name in executed.metadata:
            fresh.metadata[name] = executed.metadata[name]
    return True


def read(path: Path) -> NotebookNode | None:
    """The notebook at ``path``, or None where there is none."""
    return nbformat.read(path, as_version=4) if path.exists() else None


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook so that an interruption leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    nbformat.write(notebook, partial)
    partial.replace(path)
