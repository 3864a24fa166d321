"""A Sphinx extension: a number and its unit stay on one line."""

from __future__ import annotations

import re

from docutils import nodes

BEFORE_UNIT = re.compile(r"(?<=\d)[ \n](?=(?:dB|k?Hz|kbit/s|[kMG]B|ms|s|min)\b|%)")
VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


def hold(text: str) -> str:
    """No line breaks between number and unit."""
    return BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def hold_all(app, document: nodes.document) -> None:
    """In all that a reader reads; what is code or a formula stays."""
    for text in list(document.findall(nodes.Text)):
        if not isinstance(text.parent, VERBATIM) and hold(text) != text:
            text.parent.replace(text, nodes.Text(hold(text)))


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", hold_all)
    return {"parallel_read_safe": True}
