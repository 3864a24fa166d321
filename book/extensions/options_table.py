"""A Sphinx directive, ``{options-table}``: every option of model and training, from the package's source beside the book."""

from __future__ import annotations

import sys
from pathlib import Path

from docutils import nodes
from placing import place
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("config", "presets", "options")
HEAD = ["| option | `cpu` | `p100` | what it is |", "|---|---|---|---|"]


def tables() -> list[str]:
    """The tables' lines in Markdown; one with its own heading for each group of options."""
    sys.path.insert(0, str(ROOT))
    from emotalk_lite.kinds import write
    from emotalk_lite.options import PLACE, list_options
    from emotalk_lite.presets import PRESETS

    lines, group = [], ""
    for option in list_options():
        if option.group != group:
            group = option.group
            lines += ["", f"**{group.capitalize()}**", "", *HEAD]
        values = [write(getattr(getattr(PRESETS[preset], PLACE[option.name]), option.name)) for preset in ("cpu", "p100")]
        cpu, p100 = (value.replace(",", ", ") for value in values)
        lines.append(f"| `{option.name}` | {cpu} | {p100} | {option.meaning}; *{option.may_be}* |")
    return lines


class OptionsTable(SphinxDirective):
    """Puts the tables where it stands."""

    def run(self) -> list[nodes.Node]:
        """From the package's source."""
        return place(self, tables(), (ROOT / "emotalk_lite" / f"{name}.py" for name in SOURCES))


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("options-table", OptionsTable)
    return {"parallel_read_safe": True}
