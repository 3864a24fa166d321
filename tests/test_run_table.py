"""The status page's table, from the notebooks' own records."""

import json

import chapters
import pytest


@pytest.fixture
def run_table(monkeypatch):
    monkeypatch.syspath_prepend(chapters.ROOT / "book" / "extensions")
    import run_table

    return run_table


def write(folder, name, title, **run):
    metadata = {"emotalk": {"scale": "cpu", "device": "2 CPU cores, no GPU", "torch": "2.13.0", **run}} if run else {}
    cells = [{"cell_type": "markdown", "source": [f"# {title}\n"]}]
    (folder / name).write_text(json.dumps({"metadata": metadata, "cells": cells}))


def test_each_executed_chapter_has_a_row_and_the_last_adds_up(run_table, tmp_path):
    write(tmp_path, "00_a.ipynb", "First", seconds=59.7, peak_bytes=1.2e9)
    write(tmp_path, "01_b.ipynb", "Second", seconds=30.0, peak_bytes=3.4e9)
    write(tmp_path, "02_c.ipynb", "Never run")
    rows = run_table.table(tmp_path)[2:]
    assert rows[0] == "| [00 First](../notebooks/00_a.ipynb) | 1 min 0 s | 1.2 GB | `cpu` | 2 CPU cores, no GPU | 2.13.0 |"
    assert len(rows) == 3 and rows[-1].startswith("| **all 2** | 1 min 30 s | 3.4 GB at most |")
