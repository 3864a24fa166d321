"""The exercises both ways, and the student edition: every stub fails its check, every solution passes, the notebooks run."""

import os
import re
from functools import partial

import chapters
import make_student
import nbformat
import plain
import pytest
from blocks import cells_needed
from exercises import Exercise, checks, exercises, parts, stub
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

from emotalk_lite import check

CHAPTERS = chapters.chapters()
each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


@pytest.fixture
def verdicts(monkeypatch):
    """What each check said, in order: name -> list of verdicts."""
    said: dict[str, list[check.Verdict]] = {}

    def listen(name, ask, *args, **kwargs):
        verdict = ask(*args, **kwargs)
        said.setdefault(name, []).append(verdict)
        return verdict

    for name in set(check.__all__) - {"Verdict"}:
        monkeypatch.setattr(check, name, partial(listen, name, getattr(check, name)))
    return said


def needed_for(before: list[str], cells: list[str]) -> list[str]:
    """Those of the cells ``before`` that any of ``cells`` needs, in order."""
    whole = [*before, "\n".join(cells)]
    return cells_needed(whole, len(before))[:-1]


def run(cells: list[str], namespace: dict) -> None:
    for cell in cells:
        exec(compile(cell, "<cell>", "exec"), namespace)


@each_chapter
def test_every_stub_fails_its_check_and_every_solution_passes(chapter, sample, verdicts, monkeypatch, tmp_path):
    monkeypatch.setenv("EMOTALK_SCALE", "smoke")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.chdir(tmp_path)
    transform = TransformerManager().transform_cell
    found = parts(chapters.to_notebook(chapter))
    asked = [part for part in found if isinstance(part, Exercise)]
    before = [transform(part.source) for part in found if isinstance(part, nbformat.NotebookNode)]
    stubs, solutions = [stub(e) for e in asked], [transform(cell) for e in asked for cell in e.solution]
    namespace: dict = {"__name__": "__main__"}
    run(needed_for(before, [*stubs, *solutions]), namespace)
    names = {name for exercise in asked for name in checks(exercise)}

    run(stubs, dict(namespace))
    assert set(verdicts) == names and not any(v for said in verdicts.values() for v in said)
    verdicts.clear()
    run(solutions, namespace)
    assert {name: bool(said[-1]) for name, said in verdicts.items()} == dict.fromkeys(names, True)


@each_chapter
def test_a_chapter_has_three_exercises_each_with_check_and_solution(chapter):
    found = exercises(chapters.to_notebook(chapter))
    assert len(found) >= 3 and all(checks(e) and e.solution for e in found)
    assert {name for e in found for name in checks(e)} <= set(check.__all__)


@each_chapter
def test_the_student_edition_is_plain_and_holds_no_solution(chapter):
    edition = make_student.student_edition(chapter)
    nbformat.validate(edition)
    text = "\n".join(cell.source for cell in edition.cells if cell.cell_type == "markdown")
    assert not re.search(r"\{[\w:-]+\}`|^(?:`{3,}|:{3,})\{|^\([\w-]+\)=|\(eq-|<svg", text, re.MULTILINE)
    code = "\n".join(cell.source for cell in edition.cells if cell.cell_type == "code")
    solutions = [cell for e in exercises(chapters.to_notebook(chapter)) for cell in e.solution]
    assert not [cell for cell in solutions if cell in code]
    assert chapters.to_notebook(chapter).cells[0].source == edition.cells[0].source
    assert re.search(r"Last run: .* at scale `\w+`", edition.cells[1].source), "what it will take"


def test_the_student_edition_runs_from_top_to_bottom(sample, monkeypatch, tmp_path):
    monkeypatch.setenv("EMOTALK_SCALE", "smoke")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(chapters.ROOT), os.environ.get("PYTHONPATH", "")]))
    edition = make_student.student_edition(next(c for c in CHAPTERS if c.name.startswith("10_")))
    NotebookClient(edition, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    answers = [cell.outputs[-1].data["text/plain"] for cell in edition.cells if "exercise" in cell.metadata.get("tags", ())]
    assert len(answers) == 3 and all(answer.startswith("Not yet.") for answer in answers)


@pytest.mark.parametrize("myst, markdown", [
    ("a {term}`gate`, {term}`the skips\n<skip connection>`", "a gate, the skips"),
    ("{cite}`hu2018` by {cite:t}`cao2014`", "(Hu et al., 2018) by Cao et al. (2014)"),
    ("see {doc}`01_data`", "see [Data: what a clip is](01_data.ipynb)"),
    ("squeezed by Hu et\nal. {cite}`hu2018`", "squeezed by Hu et\nal. (2018)"),
    ("(here)=\n## Here\n$$\nx\n$$ (eq-x)", "## Here\n$$\nx\n\\tag{1}\n$$"),
    ("$$ x $$ (eq-x)\n\n$$ y $$ (eq-y)\n\nFrom {eq}`eq-y` and {eq}`eq-x`", "$$ x \\tag{1} $$\n\n$$ y \\tag{2} $$\n\nFrom (2) and (1)"),
    (":::{note}\nOne.\n\nTwo.\n:::", "> **Note.** One.\n>\n> Two."),
    ("```{figure} a.png\n:alt: A face\n\nWhat it *shows*.\n```", "![A face](a.png)\n\nWhat it *shows*."),
    ("```python\n{term}`kept`\n```", "```python\n{term}`kept`\n```"),
])
def test_roles_and_directives_become_plain_markdown(myst, markdown):
    assert plain.Plain().text(myst) == markdown


def test_drawings_become_pictures_that_say_what_they_show():
    made = plain.Plain().text('```{raw} html\n<figure><svg><desc>Two\nboxes.</desc></svg><figcaption>The map.</figcaption></figure>\n```')
    assert made.startswith("![Two boxes.](data:image/svg+xml;base64,") and made.endswith("\n\n*The map.*")


@pytest.mark.parametrize("myst", ["{unheard}`of`", "```{unheard}\nof\n```"])
def test_what_has_no_plain_form_is_an_error(myst):
    with pytest.raises(ValueError, match="no plain Markdown"):
        plain.Plain().text(myst)


def test_a_stub_keeps_the_signature_and_drops_the_body():
    solution = ["class Gate(nn.Module):\n    def forward(self, x):\n        return x", "def f(a, *, b=2):\n    return a", "steady = f(1)"]
    made = stub(Exercise("label", "Extend", "", "check.some(Gate, f, steady, known)", solution))
    assert "class Gate(nn.Module):\n    def forward(self, x):\n        raise NotImplementedError" in made
    assert "def f(a, *, b=2):\n    raise NotImplementedError" in made and "steady = ..." in made and "return" not in made
    assert "known =" not in made and made.endswith("check.some(Gate, f, steady, known)")


def test_an_exercise_without_a_check_is_an_error():
    cell = nbformat.v4.new_markdown_cell("````{exercise} Predict\n:label: x\n\nHow many?\n````")
    with pytest.raises(ValueError, match="python fence"):
        exercises(nbformat.v4.new_notebook(cells=[cell]))
