"""A Sphinx extension: figures, equations and exercises are counted by chapter, so that "Exercise 6.2" can be found, and set."""

from __future__ import annotations

import re


def by_chapter(app, env) -> list[str]:
    """Replace what Sphinx counts through the whole book: the second exercise of ``notebooks/06_...`` becomes (6, 2)."""
    for page, kinds in env.toc_fignumbers.items():
        if chapter := re.match(r"notebooks/(\d+)_", page):
            for numbers in kinds.values():
                for place, name in enumerate(sorted(numbers, key=numbers.get), start=1):
                    numbers[name] = (int(chapter[1]), place)
    return []  # no page has to be read again


def setup(app) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("env-get-updated", by_chapter, priority=900)  # after Sphinx has counted
    return {"parallel_read_safe": True}
