"""A Sphinx extension: marks what a cell draws with lines and words, so that book.css can keep the words readable on a phone."""

from __future__ import annotations

import re
from pathlib import Path

import imagesize
from docutils import nodes

DRAWS = re.compile(r"plt\.show\(\)|viz\.(effects|likert|mouth|seeds)_figure\(")  # in a cell's source
WIDE = 600  # pixels; on a phone, a chart of more would shrink until its words are specks


def mark(app, document: nodes.document) -> None:
    """Give the class ``chart`` to each picture below a cell that draws one, and ``wide`` to those that are."""
    for cell in document.findall(nodes.container):
        if "cell" in cell["classes"] and any(DRAWS.search(code.astext()) for code in cell.findall(nodes.literal_block)):
            for picture in cell.findall(nodes.image):
                path = Path(app.srcdir, picture["uri"])  # Sphinx has resolved it
                picture["classes"] += ["chart", "wide"] if imagesize.get(path)[0] > WIDE else ["chart"]


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", mark)
    return {"parallel_read_safe": True}
