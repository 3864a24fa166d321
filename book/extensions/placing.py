"""What the directives of this folder share: made Markdown is put where they stand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


def place(directive: SphinxDirective, lines: list[str], sources: Iterable[Path]) -> list[nodes.Node]:
    """Parse ``lines`` where ``directive`` stands, and remember that its page depends on the files ``sources``."""
    for path in sources:
        directive.env.note_dependency(str(path))
    container = nodes.container(classes=[directive.name])
    directive.state.nested_parse(StringList(lines, source=directive.name), directive.content_offset, container)
    return [container]
