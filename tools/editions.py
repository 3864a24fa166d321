"""The chapters in plain notebook Markdown, which Colab and JupyterLab show as it is: with solutions for Colab, without for students.

    python tools/editions.py             # the students' edition of all chapters, into _build/student/notebooks/
    python tools/editions.py 06 10       # only these
    python tools/editions.py --blocks    # the blocks are left to the students, too

Every exercise becomes its statement and one cell: what has to be written, empty, and the check that looks at it. An
untouched stub is answered by "Not yet.", so that the notebook still runs from top to bottom. With ``--blocks``, the cell
that builds a block is a stub, too. Its check is the chapter's own comparison, and the notebook stops where one is missing.
The edition for Colab (colab/notebooks/, which the pages' launch buttons open) folds the solution below each exercise;
tools/sync_notebooks.py writes it.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import chapters
import fork
from emotalk_lite.chapter_costs import chapter_cost
from exercises import Exercise, block_stub, parts, stub
from plain import Plain

STUDENT = chapters.ROOT / "_build" / "student" / "notebooks"
TO_STUDENTS = "*Student edition: under \"Exercises\", write what is missing and run the cell; the check says where to look.*"
BUILD = "*Write each block where its cell says \"your code\", too: the notebook goes on from there once it is built.*"


def colab_path(chapter: Path, root: Path = chapters.ROOT) -> Path:
    """Where a chapter's edition for Colab lies: where ``path_to_book`` in ``_config.yml`` sends the launch button."""
    return chapters.notebook_path(chapter, root / "colab" / "notebooks")


def colab_edition(chapter: Path, root: Path = chapters.ROOT) -> NotebookNode:
    """The chapter for a reader on Colab, without outputs: the committed notebook's code, solutions folded."""
    beside = f"https://colab.research.google.com/github/{fork.address(root)}/blob/main/colab/notebooks/"
    before = "\n".join(cell.source for cell in getattr(chapters.read(colab_path(chapter, root)), "cells", ()))
    plain = Plain(root, beside, before)
    page = f"{plain.pages}/notebooks/{chapter.stem}.html"
    return _edition(chapter, plain, f"*Here you run the chapter, from the top, cell after cell. [Its page]({page}) shows all results, "
                                    "videos and sliders without running anything.*", solutions=True)


def student_edition(chapter: Path, root: Path = chapters.ROOT, *, stub_blocks: bool = False) -> NotebookNode:
    """The chapter's student edition, without outputs and solutions; with ``stub_blocks``, without what its blocks do, too."""
    greeting = [TO_STUDENTS, *([BUILD] if stub_blocks else []), f"*{cost(chapter)}*"]
    return _edition(chapter, Plain(root), "\n\n".join(greeting), solutions=False, stub_blocks=stub_blocks)


def _edition(chapter: Path, plain: Plain, greeting: str, *, solutions: bool, stub_blocks: bool = False) -> NotebookNode:
    """The chapter with ``greeting`` under its title."""
    source = chapters.to_notebook(chapter)
    cells, number = [], 0
    for part in parts(source):
        if isinstance(part, Exercise):
            number += 1
            cells.append(new_markdown_cell(f"### Exercise {number}: {part.title}\n\n{plain.text(part.statement)}"))
            cells.append(new_code_cell(stub(part), metadata={"tags": ["exercise"]}))
            if solutions:
                told = plain.text("\n\n".join(filter(None, part.told)))
                cells.append(new_markdown_cell(f"<details>\n<summary><b>Solution</b></summary>\n\n{told}\n\n</details>"))
        elif isinstance(part, str):
            cells.append(new_markdown_cell(greeting if part == chapters.NEVER_RUN else plain.text(part)))
        else:
            tags = {"tags": part.metadata["tags"]} if "tags" in part.metadata else {}
            block = part.metadata.get("block") if stub_blocks else None
            code = block_stub(part.source, block.built, block.equals) if block else part.source
            cells.append(new_code_cell(code, metadata=tags))
            if caption := part.metadata.get("mystnb", {}).get("figure", {}).get("caption"):
                cells.append(new_markdown_cell(f"*{re.sub(r'[*]', '', plain.text(caption))}*"))
    if plain.cited:
        cells.append(new_markdown_cell(plain.references()))
    cells = chapters.with_ids([cell for cell in cells if cell.source])
    return new_notebook(cells=cells, metadata={"kernelspec": source.metadata.kernelspec})


def cost(chapter: Path) -> str:
    """What the chapter will take a student: at the default scale, which need not be that of the committed outputs.

    >>> cost(Path("08_decoder.md"))
    'At scale cpu this chapter takes ... s and ... GB of memory, measured on ...'
    """
    return chapter_cost(chapter.stem, "cpu").splitlines()[0]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the students' edition: stubs in place of solutions, in plain notebook Markdown.")
    parser.add_argument("--out", type=Path, default=STUDENT, help="folder to write to")
    parser.add_argument("--blocks", action="store_true", help="stubs in place of the blocks that a chapter builds, too")
    parser.add_argument("numbers", nargs="*", help="chapter numbers, such as 06; all when left out")
    options = parser.parse_args()
    try:
        wanted = chapters.chosen(options.numbers)
    except ValueError as error:
        parser.error(str(error))
    for chapter in wanted:
        chapters.write(student_edition(chapter, stub_blocks=options.blocks), chapters.notebook_path(chapter, options.out))
    print(f"student edition: {len(wanted)} notebooks in {options.out}")


if __name__ == "__main__":
    main()
