"""A Sphinx extension: what a chapter gives to a reader who downloads it, and to one whose browser runs no scripts."""

from __future__ import annotations

import shutil
from pathlib import Path

CHAPTERS = "notebooks/"
NO_SCRIPTS = ("<noscript><p><em>Your browser runs no scripts here. Text, code, pictures, films and solutions are all on the page; formulas stand as "
              "LaTeX, and sliders are missing.</em></p></noscript>")


def say(app, page: str, template: str, context: dict, document) -> None:
    """On top of each chapter, a line that only shows where scripts are off, and under its title the badge that opens it on Colab."""
    if page.startswith(CHAPTERS) and "body" in context:
        theme = app.config.html_theme_options
        repository = theme["repository_url"].removeprefix("https://github.com/")
        opened = f"https://colab.research.google.com/github/{repository}/blob/{theme['repository_branch']}/{theme['path_to_docs']}/{page}.ipynb"
        badge = f'<p><a href="{opened}"><img src="{context["pathto"]("_static/colab.svg", 1)}" alt="Open in Colab" width="118" height="22"/></a></p>'
        context["body"] = NO_SCRIPTS + context["body"].replace("</h1>", "</h1>" + badge, 1)


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
