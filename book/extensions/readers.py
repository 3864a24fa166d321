"""A Sphinx extension: what a chapter gives to a reader who downloads it, and to one whose browser runs no scripts."""

from __future__ import annotations

import shutil
from pathlib import Path

CHAPTERS = "notebooks/"
NO_SCRIPTS = ("<noscript><p><em>Your browser runs no scripts here. Text, code, pictures, films and solutions are all on the page; formulas stand as "
              "LaTeX, and sliders are missing.</em></p></noscript>")


def say(app, page: str, template: str, context: dict, document) -> None:
    """A line on top of each chapter that only shows where scripts are off."""
    if page.startswith(CHAPTERS) and "body" in context:
        context["body"] = NO_SCRIPTS + context["body"]


def plain_downloads(app, error: Exception | None) -> None:
    """The download button hands out the edition in plain Markdown: the page's own source has directives that JupyterLab shows raw."""
    for source in Path(app.outdir, "_sources", CHAPTERS).glob("*.ipynb"):
        plain = Path(app.srcdir, "colab", CHAPTERS, source.name)
        if plain.exists():  # a new chapter's is written by tools/sync_notebooks.py
            shutil.copyfile(plain, source)


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("html-page-context", say)
    app.connect("build-finished", plain_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
