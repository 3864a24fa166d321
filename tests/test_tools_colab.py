"""The trial of the notebooks for Colab: it looks like Colab to them, and a failure is seen."""

import json
import re
import sys
from pathlib import Path

import chapters
import fork
import nbformat
import pytest
import try_colab
from packaging.version import Version


def notebook(folder: Path, source: str) -> Path:
    path = folder / "cells.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    return path


LOOKS_LIKE_COLAB = """
import os, subprocess, sys
assert "google.colab" in sys.modules and os.environ["EMOTALK_SCALE"] == "smoke"
found = subprocess.run(["git", "ls-remote", "https://github.com/{address}", "HEAD"], capture_output=True, text=True)
assert "HEAD" in found.stdout, found.stderr
"""


@pytest.mark.parametrize("source, fine", [(LOOKS_LIKE_COLAB, True), ("assert 1 == 2", False)])
def test_a_notebook_is_run_as_on_colab(source, fine, tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    cells = notebook(tmp_path, source.replace("{address}", fork.address()))
    assert try_colab.run_notebook(Path(sys.executable), cells, folder, try_colab.stand_in(folder)) == fine
    assert ("AssertionError" in (folder / "cells.log").read_text()) != fine


def test_what_the_environment_has_is_read_from_it():
    assert set(try_colab.versions(Path(sys.executable))) == {*try_colab.OWN, *try_colab.OLD}


def test_every_chapter_was_tried_with_a_newer_torch_than_the_pinned_one():
    found = json.loads((chapters.ROOT / "results" / "colab.json").read_text())
    assert list(found["seconds"]) == [chapter.stem for chapter in chapters.chapters()]
    pinned = re.search(r"^torch==(\S+)", (chapters.ROOT / "constraints.txt").read_text(), re.MULTILINE)[1]
    assert Version(found["kept"]["torch"]).release > Version(pinned).release, "pinned since: make colab"
