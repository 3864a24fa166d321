"""Every chapter prints what it will take, and what it prints was measured."""

import json
import re
from contextlib import redirect_stdout
from io import StringIO

import chapters
import costs
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from emotalk_lite import chapter_cost
from emotalk_lite.chapter_costs import CUDA_NEEDS, GPU, SAME, SCALES

CHAPTERS = chapters.chapters()
RECORD = json.loads((chapters.ROOT / "results/chapter_costs.json").read_text())
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
NO_GPU = "This machine has none that CUDA can use: choose cpu."


def printed(source: str, scale: str) -> str:
    """What a cell prints at ``scale``."""
    text = StringIO()
    with redirect_stdout(text):
        exec(source, {"SCALE": scale})
    return text.getvalue()


def measured(line: str) -> tuple[int, float]:
    """Seconds and gigabytes that a line names."""
    (whole, seconds, gigabytes), *others = re.findall(r"(?:(\d+) min )?(\d+) s(?:,| and) ([\d.]+) GB", line)
    assert not others
    return 60 * int(whole or 0) + int(seconds), float(gigabytes)


@each_chapter
def test_the_cost_is_printed_after_the_parameters_also_those_that_papermill_injects(chapter, tmp_path):
    chapters.write(chapters.to_notebook(chapter), tmp_path / "fresh.ipynb")
    cells = parameterize_notebook(load_notebook_node(str(tmp_path / "fresh.ipynb")), {"SCALE": "smoke"}).cells
    tags = [cell.metadata.get("tags", []) for cell in cells]
    (injected,) = (n for n, found in enumerate(tags) if "injected-parameters" in found)
    assert [n for n, cell in enumerate(cells) if costs.is_cost(cell)] == [injected + 1]
    assert "parameters" in tags[injected - 1] and "nbval-ignore-output" in tags[injected + 1]


@each_chapter
def test_what_is_printed_is_what_was_measured(chapter):
    (cell,) = filter(costs.is_cost, chapters.to_notebook(chapter).cells)
    runs = RECORD[chapter.stem]
    assert {"cpu"} <= set(runs) <= set(SCALES)
    for scale in SCALES:
        chosen, others = printed(cell.source, scale).splitlines()
        named = dict(re.findall(r"(?:: |\. )(smoke|cpu|cuda)\b(.*?)(?=\. |\.$)", others)) | {scale: chosen}
        assert set(named) == set(SCALES)
        for name, line in named.items():
            if name in runs:
                expected = round(runs[name]["seconds"]), float(f"{runs[name]['peak_bytes'] / 1e9:.1f}")
                assert measured(line) == expected and runs[name]["device"] in line
            else:
                assert "was not measured" in line and not re.search(r"\d", line)


@each_chapter
def test_a_committed_notebook_shows_the_record_and_its_own_run_is_in_it(chapter):
    notebook = chapters.read(chapters.notebook_path(chapter))
    facts, advice = notebook.metadata["emotalk"], "publish it: make notebooks"
    assert RECORD[chapter.stem][facts["scale"]] == {name: facts[name] for name in costs.KEPT}, advice
    shown = [o.text for cell in notebook.cells if costs.is_cost(cell) for o in cell.outputs]
    assert shown == [chapter_cost(chapter.stem, facts["scale"]).replace(f" {NO_GPU}", "") + "\n"], advice  # it ran where there is one


@each_chapter
def test_what_cuda_needs_follows_from_where_the_chapter_uses_the_scale(chapter):
    cells = [c for c in chapters.to_notebook(chapter).cells if c.cell_type == "code"]
    code = "\n".join(c.source for c in cells if "parameters" not in c.metadata.get("tags", ()) and not costs.is_cost(c))
    more = "SCALE" in re.sub(r'SCALE [!=]= "smoke"', "", code)
    asks = re.search(r'PRESETS\["cuda"|et\.train\([^)]*SCALE|device = "cuda"', code)
    assert (chapter.stem in CUDA_NEEDS, CUDA_NEEDS.get(chapter.stem) == GPU) == (more, bool(asks))


def test_the_cost_of_the_first_chapter_includes_its_training():
    """A run that was kept from before would make it look cheap."""
    notebook = chapters.read(chapters.ROOT / "notebooks/00_quickstart.ipynb")
    told = re.search(r"steps in ([\d.]+) min", "".join(o.get("text", "") for c in notebook.cells if c.cell_type == "code" for o in c.outputs))
    assert notebook.metadata["emotalk"]["seconds"] > 60 * (float(told.group(1)) - 0.05)


@pytest.mark.parametrize("scale", SCALES)
def test_what_was_never_measured_is_said_to_be_so(scale):
    chosen, others = chapter_cost("17_mine", scale).splitlines()
    assert chosen.startswith(f"What this chapter takes at scale {scale} was not measured.")
    assert others.count("was not measured") == 2 and SAME in (chosen if scale == "cuda" else others)


def test_without_a_gpu_the_reader_of_a_chapter_that_needs_one_is_told():
    assert (NO_GPU in chapter_cost("11_training", "cuda")) == (not torch.cuda.is_available())
    assert NO_GPU not in chapter_cost("11_training", "cpu") + chapter_cost("05_speech_encoder", "cuda")


def test_a_record_keeps_the_other_runs_and_an_executed_notebook_prints_it_anew(tmp_path):
    facts = {"key": "0", "device": "1 CPU core, no GPU", "python": "3.11", "torch": "2.4"}
    path = tmp_path / "notebooks/08_decoder.ipynb"
    cell = new_code_cell('from emotalk_lite import chapter_cost\nprint(chapter_cost("08_decoder", SCALE))', outputs=[new_output("stream", text="old")])
    for scale, seconds in {"smoke": 6.1, "cpu": 24.0}.items():
        made = {**facts, "scale": scale, "seconds": seconds, "peak_bytes": 10**9}
        chapters.write(new_notebook(cells=[cell], metadata={"emotalk": made}), path)
        kept = costs.record([path], tmp_path)
    assert {scale: run["seconds"] for scale, run in json.loads(kept.read_text())["08_decoder"].items()} == {"smoke": 6.1, "cpu": 24.0}
    costs.print_again(path)
    assert [o.text for o in chapters.read(path).cells[0].outputs] == [chapter_cost("08_decoder", "cpu") + "\n"]
