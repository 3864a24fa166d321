"""The status page's tables, from the notebooks' own records and the measurements in results/."""

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


def test_every_measurement_that_is_there_has_its_row_and_the_others_have_none(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(chapters.ROOT / "book" / "extensions")
    import speed_table

    rows = speed_table.table(chapters.ROOT / "results")[2:]
    measured = [name for name, _, _ in speed_table.ROWS if (chapters.ROOT / "results" / f"{name}.json").is_file()]
    assert len(rows) == len(measured) >= 6
    speed = {"by default": 301.5, "one process": 160.2}
    painted = {"frames_per_second": speed, "mtcnn": {"found": 0.987, "looked_at": 400}, "hardware": "2 cores", "date": "2026-01-02"}
    (tmp_path / "bench_synth.json").write_text(json.dumps(painted))
    (row,) = speed_table.table(tmp_path)[2:]
    assert "301.5 frames a second, 160.2 by one process; MTCNN finds the face in 98.7% of 400 frames | 2 cores, 2026-01-02 | `benchmarks/synth.py` |" in row
