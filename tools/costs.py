"""What chapters took, kept in results/chapter_costs.json, and what their notebooks print of it.

An ordinary run never writes there, so that two runs in a row print the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from nbformat.v4 import new_output

import chapters

KEPT = ("seconds", "peak_bytes", "device", "python", "torch")  # of the facts about a notebook's last run


def record(notebooks: Iterable[Path], root: Path = chapters.ROOT) -> Path:
    """Keep what these executed notebooks took, each at its own scale; other chapters and scales stay. Returns the file."""
    path = root / "results" / "chapter_costs.json"
    costs = json.loads(path.read_text()) if path.exists() else {}
    for notebook in notebooks:
        facts = chapters.read(notebook).metadata["emotalk"]
        costs.setdefault(notebook.stem, {})[facts["scale"]] = {name: facts[name] for name in KEPT}
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(costs, indent=1, sort_keys=True) + "\n")
    partial.replace(path)
    return path


def print_again(path: Path) -> None:
    """Run the cell that prints the cost once more, alone, so that an executed notebook shows what is kept now."""
    notebook = chapters.read(path)
    facts = notebook.metadata.get("emotalk") if notebook else None
    for cell in notebook.cells if facts else ():
        if is_cost(cell):
            printed, had_gpu = StringIO(), "no GPU" not in facts["device"]
            with redirect_stdout(printed), patch("emotalk_lite.chapter_costs._gpu", lambda: had_gpu):  # where it was run, not here
                exec(compile(cell.source, path.name, "exec"), {"SCALE": facts["scale"]})
            cell.outputs = [new_output("stream", name="stdout", text=printed.getvalue())]
            chapters.write(notebook, path)


def is_cost(cell) -> bool:
    """Whether this is the cell that prints what the chapter will take."""
    return cell.cell_type == "code" and "chapter_cost(" in cell.source
