"""A Sphinx directive, ``{run-table}``: what each chapter takes at `cpu`, as recorded, and what the run took whose outputs the site shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from placing import place
from sphinx.util.docutils import SphinxDirective

HEAD = ["| chapter | at `cpu` | outputs shown: scale | run time | peak memory | device | PyTorch |", "|---|---|---|---|---|---|---|"]


def table(folder: Path, recorded: dict) -> list[str]:
    """The table's lines in Markdown; a chapter for each notebook in ``folder`` that was executed.

    ``recorded`` is what results/chapter_costs.json holds. Only its times at `cpu` are added up: those of the runs shown are of several
    scales and machines.
    """
    rows, total, most = [], 0.0, 0.0
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        run = notebook["metadata"].get("emotalk")
        if run is None:
            continue
        title = re.match(r"(?:\([\w-]+\)=\n)?# (.+)", "".join(notebook["cells"][0]["source"])).group(1)
        at_cpu = recorded.get(path.stem, {}).get("cpu", {}).get("seconds")
        rows.append(f"| [{path.stem[:2]} {title}](../notebooks/{path.name}) | {'not measured' if at_cpu is None else duration(at_cpu)} | "
                    f"`{run['scale']}` | {duration(run['seconds'])} | {run['peak_bytes'] / 1e9:.1f} GB | {run['device']} | {run['torch']} |")
        total, most = total + (at_cpu or 0), max(most, run["peak_bytes"])
    return [*HEAD, *rows, f"| **all {len(rows)}** | {duration(total)} | | | {most / 1e9:.1f} GB at most | | |"]


def duration(seconds: float) -> str:
    """A duration as people say it.

    >>> duration(192.4), duration(59.7)
    ('3 min 12 s', '1 min 0 s')
    """
    whole, rest = divmod(round(seconds), 60)
    return f"{whole} min {rest} s" if whole else f"{rest} s"


class RunTable(SphinxDirective):
    """Puts the table where it stands."""

    def run(self) -> list[nodes.Node]:
        """From the notebooks and the record."""
        folder, record = Path(self.env.srcdir) / "notebooks", Path(self.env.srcdir) / "results" / "chapter_costs.json"
        recorded = json.loads(record.read_text(encoding="utf-8"))
        return place(self, table(folder, recorded), [record, *folder.glob("*.ipynb")])


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("run-table", RunTable)
    return {"parallel_read_safe": True}
