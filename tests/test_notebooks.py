"""The notebooks: in step with their chapters, executed, repeatable, and each block equal to the package's."""

import re

import blocks
import chapters
import exercises
import pytest
import sync_notebooks

ROOT = chapters.ROOT
CHAPTERS = chapters.chapters()
WITHOUT_TRAINING = [path for path in CHAPTERS if path.name[:2] in ("01", "05", "06", "07", "10", "12", "14", "15", "16")]
REASONS = {"follows-clock", "follows-machine", "follows-scale"}
MACHINE_PATH = re.compile(r"(?<![\w/.:])/(?:home|root|tmp|work|Users|content)/\w")

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def test_notebooks_are_in_step_with_their_chapters():
    assert sync_notebooks.out_of_step(write=False) == []


@each_chapter
def test_every_printing_cell_was_executed_without_error(chapter):
    cells = [c for c in chapters.read(chapters.notebook_path(chapter)).cells if c.cell_type == "code"]
    assert all(cell.execution_count for cell in cells), "execute it: make notebooks"
    errors = [o for c in cells for o in c.outputs if o.output_type == "error" and "raises-exception" not in c.metadata.get("tags", ())]
    assert not errors


def test_every_notebook_stays_below_a_megabyte():
    assert [path.name for path in map(chapters.notebook_path, CHAPTERS) if path.stat().st_size > 1_000_000] == []


@each_chapter
def test_no_machine_path_is_left_in_outputs(chapter):
    cells = [c for c in chapters.read(chapters.notebook_path(chapter)).cells if c.cell_type == "code"]
    texts = [o.get("text", "") + str(o.get("data", {}).get("text/plain", "")) for c in cells for o in c.outputs]
    assert not [text for text in texts if MACHINE_PATH.search(text)]


@each_chapter
def test_scale_is_a_parameter_that_the_environment_sets(chapter):
    tagged = [c for c in chapters.to_notebook(chapter).cells if "parameters" in c.metadata.get("tags", ())]
    assert len(tagged) == 1 and 'SCALE = os.environ.get("EMOTALK_SCALE", "cpu")' in tagged[0].source


@each_chapter
def test_cells_are_short_enough_to_read(chapter):
    long = [c.source.splitlines()[0] for c in chapters.to_notebook(chapter).cells
            if c.cell_type == "code" and len(c.source.splitlines()) > 20]
    assert not long


@each_chapter
def test_code_fits_beside_the_sidebars_of_a_laptop(chapter):
    """What a page 1280 pixels wide shows without scrolling: 88 characters, 83 in the box of an exercise. An address may be longer."""
    cells = chapters.to_notebook(chapter).cells
    asked = [match["code"] for cell in cells for match in exercises.ASK.finditer(cell.source) if cell.cell_type == "markdown"]
    lines = [line for cell in cells if cell.cell_type == "code" for line in cell.source.splitlines() if "https://" not in line]
    assert [line for line in lines if len(line) > 88] == []
    assert [line for code in asked for line in code.splitlines() if len(line) > 83] == []


@each_chapter
def test_executing_again_gives_the_stored_outputs(chapter, sample, monkeypatch):
    """At smoke scale, whatever the scale of what is stored: a cell whose output follows the scale is tagged nbval-ignore-output."""
    monkeypatch.setenv("EMOTALK_SCALE", "smoke")
    options = ["-q", "-o", "addopts=", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    sanitize = ["--nbval-sanitize-with", str(ROOT / "tests/nbval-sanitize.cfg")]
    assert pytest.main([*options, *sanitize, "--rootdir", str(ROOT), str(chapters.notebook_path(chapter))]) == 0


@pytest.mark.parametrize("chapter", WITHOUT_TRAINING, ids=lambda path: path.stem)
def test_a_chapter_without_training_is_compared_nearly_whole(chapter):
    """Each cell that is not compared says why, and of those that show something they are at most one in five."""
    cells = [c for c in chapters.read(chapters.notebook_path(chapter)).cells if c.cell_type == "code"]
    ignored = [c for c in cells if "nbval-ignore-output" in c.metadata.get("tags", ())]
    assert [c.source.splitlines()[0] for c in ignored if len(REASONS.intersection(c.metadata.tags)) != 1] == []
    shown = [c for c in cells if c.outputs]
    assert sum(c in ignored for c in shown) <= len(shown) / 5


BLOCKS = [(chapter.stem, block) for chapter in CHAPTERS for block in blocks.blocks(chapters.to_notebook(chapter))]


@pytest.mark.parametrize("block", [b for _, b in BLOCKS], ids=[f"{stem}:{b.built}" for stem, b in BLOCKS])
def test_what_the_chapter_builds_is_what_the_package_does(block, monkeypatch):
    monkeypatch.setenv("EMOTALK_SCALE", "smoke")
    blocks.compare(block)


@each_chapter
def test_what_a_chapter_builds_it_asserts_itself(chapter):
    """In a later cell, for the reader to see; `blocks.unasserted` says what that can see and what it cannot."""
    assert blocks.unasserted(chapters.to_notebook(chapter)) == []


PROOFS = [(chapter.stem, proof) for chapter in CHAPTERS for proof in blocks.proofs(chapters.to_notebook(chapter))]


@pytest.mark.parametrize("proof", [p for _, p in PROOFS], ids=[f"{stem}:{'+'.join(p.proves)}" for stem, p in PROOFS])
def test_the_steps_that_a_chapter_builds_are_the_packages(proof, sample, in_this_process):
    blocks.prove(proof)
