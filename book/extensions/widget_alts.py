"""A Sphinx extension: hands on the alt text in a cell's header to a page that shows a widget in place of a picture.

MyST-NB gives ``mystnb: image: alt:`` to pictures alone. The pictures of a slider are made by the page's script, which finds
the text beside them (widgets-names.js) and adds what the slider says.
"""

from __future__ import annotations

from html import escape

from docutils import nodes

VIEW = "application/vnd.jupyter.widget-view+json"


def place(app, document: nodes.document) -> None:
    """Put each alt text, hidden, into the output of its cell if that is a widget."""
    for cell in document.findall(nodes.container):
        alt = cell.get("cell_metadata", {}).get("mystnb", {}).get("image", {}).get("alt")
        if alt and any(VIEW in raw.astext() for raw in cell.findall(nodes.raw)):
            cell.append(nodes.raw("", f'<p class="widget-alt" hidden>{escape(alt)}</p>', format="html"))


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", place)
    return {"parallel_read_safe": True}
