"""Write the student edition: the notebooks with stubs in place of the solutions, in plain notebook Markdown.

    python tools/make_student.py             # all chapters, into _build/student/notebooks/
    python tools/make_student.py 06 10       # only these

Every exercise becomes its statement and one cell: what has to be written, empty, and the check that looks at it. An
untouched stub is answered by "Not yet.", so that the notebook still runs from top to bottom.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import chapters
from exercises import Exercise, parts, stub
from plain import Plain

FOLDER = chapters.ROOT / "_build" / "student" / "notebooks"
EDITION = "*Student edition: under \"Exercises\", write what is missing and run the cell; the check says where to look.*"


def student_edition(chapter: Path, root: Path = chapters.ROOT) -> NotebookNode:
    """The chapter's student edition, without outputs."""
    source, plain = chapters.to_notebook(chapter), Plain(root)
    cells, number = [], 0
    for part in parts(source):
        if isinstance(part, Exercise):
            number += 1
            cells.append(new_markdown_cell(f"### Exercise {number}: {part.title}\n\n{plain.text(part.statement)}"))
            cells.append(new_code_cell(stub(part), metadata={"tags": ["exercise"]}))
        elif isinstance(part, str):
            cells.append(new_markdown_cell(f"{EDITION}\n\n{cost(chapter, root)}" if part == chapters.NEVER_RUN else plain.text(part)))
        else:
            tags = {"tags": part.metadata["tags"]} if "tags" in part.metadata else {}
            cells.append(new_code_cell(part.source, metadata=tags))
            if caption := part.metadata.get("mystnb", {}).get("figure", {}).get("caption"):
                cells.append(new_markdown_cell(f"*{re.sub(r'[*]', '', plain.text(caption))}*"))
    if plain.cited:
        cells.append(new_markdown_cell(plain.references()))
    for index, cell in enumerate(cells):
        cell.id = f"{chapter.stem[:2]}-{index}"
    kernel = {name: source.metadata[name] for name in ("kernelspec",)}
    return new_notebook(cells=[cell for cell in cells if cell.source], metadata=kernel)


def cost(chapter: Path, root: Path) -> str:
    """What the chapter will take: the line of the committed notebook about its last run, where there is one."""
    published = chapters.read(chapters.notebook_path(chapter, root / "notebooks"))
    cells = published.cells if published else []
    return next((cell.source for cell in cells if chapters.is_last_run(cell)), chapters.NEVER_RUN)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    parser.add_argument("numbers", nargs="*", help="chapter numbers, such as 06; all when left out")
    options = parser.parse_args()
    wanted = [c for c in chapters.chapters() if not options.numbers or c.name.startswith(tuple(options.numbers))]
    for chapter in wanted:
        chapters.write(student_edition(chapter), chapters.notebook_path(chapter, options.out))
    print(f"student edition: {len(wanted)} notebooks in {options.out}")


if __name__ == "__main__":
    main()
