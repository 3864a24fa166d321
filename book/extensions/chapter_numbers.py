"""A Sphinx extension: chapters have their numbers in the sidebar, and figures, equations and exercises are counted by chapter.

So "Exercise 6.2" can be found, and set.
"""

from __future__ import annotations

import re

from docutils import nodes

CHAPTER = re.compile(r"notebooks/(\d+)_")


def in_sidebar(app, document: nodes.document) -> None:
    """``06 Image encoder``; links in the text keep the title alone."""
    if chapter := CHAPTER.match(page := app.env.docname):
        next(app.env.tocs[page].findall(nodes.reference)).insert(0, nodes.Text(f"{chapter[1]} "))


def by_chapter(app, env) -> list[str]:
    """Replace what Sphinx counts through the whole book: the second exercise of ``notebooks/06_...`` becomes (6, 2)."""
    for page, kinds in env.toc_fignumbers.items():
        if chapter := CHAPTER.match(page):
            for numbers in kinds.values():
                for place, name in enumerate(sorted(numbers, key=numbers.get), start=1):
                    numbers[name] = (int(chapter[1]), place)
    return []  # no page has to be read again


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", in_sidebar, priority=900)  # after Sphinx has noted the page's headings
    app.connect("env-get-updated", by_chapter, priority=900)  # and after it has counted
    return {"parallel_read_safe": True}
