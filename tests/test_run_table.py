"""The status page's tables, from the notebooks' own records and the measurements in results/."""

import json
import re

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


def test_each_executed_chapter_has_a_row_and_only_times_of_one_scale_are_added_up(run_table, tmp_path):
    write(tmp_path, "00_a.ipynb", "First", seconds=59.7, peak_bytes=1.2e9)
    write(tmp_path, "01_b.ipynb", "Second", seconds=300.0, peak_bytes=3.4e9, scale="cuda", device="a GPU")
    write(tmp_path, "02_c.ipynb", "Never run")
    write(tmp_path, "03_d.ipynb", "Not recorded", seconds=1.0, peak_bytes=1e9)
    recorded = {"00_a": {"cpu": {"seconds": 61.0}}, "01_b": {"smoke": {"seconds": 5.0}, "cpu": {"seconds": 30.0}}, "02_c": {"cpu": {"seconds": 9.0}}}
    rows = run_table.table(tmp_path, recorded)[2:]
    assert rows[0] == "| [00 First](../notebooks/00_a.ipynb) | 1 min 1 s | `cpu` | 1 min 0 s | 1.2 GB | 2 CPU cores, no GPU | 2.13.0 |"
    assert rows[1] == "| [01 Second](../notebooks/01_b.ipynb) | 30 s | `cuda` | 5 min 0 s | 3.4 GB | a GPU | 2.13.0 |"
    assert "| not measured | `cpu` | 1 s |" in rows[2]
    assert len(rows) == 4 and rows[-1] == "| **all 3** | 1 min 31 s | | | 3.4 GB at most | | |"


def test_the_page_says_on_what_each_chapter_ran():
    text = (chapters.ROOT / "book/status.md").read_text()
    record = json.loads((chapters.ROOT / "results/chapter_costs.json").read_text())
    assert {runs["cpu"]["device"] for runs in record.values()} == {"2 CPU cores, no GPU"} and "a machine with two CPU cores and no GPU" in text
    published = {path.stem[:2]: chapters.read(path).metadata["emotalk"] for path in (chapters.ROOT / "notebooks").glob("*.ipynb")}
    at_cuda = {number: "no GPU" not in run["device"] for number, run in published.items() if run["scale"] == "cuda"}
    said = re.search(r"As we publish them, (.+?) at `cuda`.+?GPU\. (.+?) at\s`cuda`", text, re.DOTALL)
    with_gpu, without = (re.findall(r"\d\d", numbers) for numbers in said.groups())
    assert (with_gpu, without) == tuple([number for number, had in sorted(at_cuda.items()) if had is kind] for kind in (True, False))


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
