"""The exercises both ways, and the plain editions: every stub fails its check, every solution passes, the notebooks run."""

import ast
import base64
import io
import re
from collections.abc import Iterator
from functools import partial
from pydoc import locate

import chapters
import drawing
import editions
import fork
import nbformat
import plain
import pytest
from blocks import cells_needed, reaches_assert
from exercises import Exercise, block_stub, checks, exercises, parts, stub
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from PIL import Image

from emotalk_lite import check, presets

CHAPTERS = chapters.chapters()
MYST = re.compile(r"\{[\w:-]+\}`|^(?:`{3,}|:{3,})\{|^\([\w-]+\)=|\(eq-|<svg", re.MULTILINE)
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


def run(cells: list[str], namespace: dict) -> None:
    for cell in cells:
        exec(compile(TransformerManager().transform_cell(cell), "<cell>", "exec"), namespace)


@each_chapter
def test_the_student_edition_runs_every_stub_fails_its_check_and_every_solution_passes(chapter, sample, verdicts, in_this_process):
    """From top to bottom; where a stub stands, the solution is tried too, in a copy of the names that there are by then."""
    asked = iter(exercises(chapters.to_notebook(chapter)))
    namespace: dict = {"__name__": "__main__"}
    for cell in editions.student_edition(chapter).cells:
        if cell.cell_type != "code":
            continue
        run([cell.source], namespace)
        if "exercise" in cell.metadata.get("tags", ()):
            exercise = next(asked)
            assert isinstance(ast.parse(cell.source).body[-1], ast.Expr), "a notebook shows no verdict"
            assert set(verdicts) == checks(exercise) and all(str(v).startswith("Not yet.") for said in verdicts.values() for v in said)
            verdicts.clear()
            run(exercise.solution, dict(namespace))
            assert {name: bool(said[-1]) for name, said in verdicts.items()} == dict.fromkeys(checks(exercise), True)
            verdicts.clear()
    assert next(asked, None) is None


def test_in_a_kernel_an_edition_shows_what_the_checks_say(sample, in_this_process, tmp_path):
    edition = editions.student_edition(next(chapter for chapter in CHAPTERS if chapter.stem == "15_mos"))
    NotebookClient(edition, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    answers = [cell.outputs[-1].data["text/plain"] for cell in edition.cells if "exercise" in cell.metadata.get("tags", ())]
    assert len(answers) == 3 and all(answer.startswith("Not yet.") for answer in answers)


@each_chapter
def test_a_chapter_has_three_exercises_each_with_check_and_solution(chapter):
    found = exercises(chapters.to_notebook(chapter))
    assert len(found) >= 3 and all(checks(e) and e.solution for e in found)
    assert {name for e in found for name in checks(e)} <= set(check.__all__)


@each_chapter
def test_the_student_edition_is_plain_and_holds_no_solution(chapter):
    edition = editions.student_edition(chapter)
    nbformat.validate(edition)
    text = "\n".join(cell.source for cell in edition.cells if cell.cell_type == "markdown")
    assert not MYST.search(text)
    code = "\n".join(cell.source for cell in edition.cells if cell.cell_type == "code")
    solutions = [cell for e in exercises(chapters.to_notebook(chapter)) for cell in e.solution]
    assert not [cell for cell in solutions if cell in code]
    assert chapters.to_notebook(chapter).cells[0].source == edition.cells[0].source
    assert re.search(r"At scale cpu this chapter takes .* no GPU\.", edition.cells[1].source), "what it will take a student"


@each_chapter
def test_what_opens_on_colab_is_plain_has_the_published_code_and_folds_each_solution(chapter):
    """That it is in step with the chapter, test_notebooks.py asks."""
    edition, published = chapters.read(editions.colab_path(chapter)), chapters.read(chapters.notebook_path(chapter))
    nbformat.validate(edition)
    text = [cell.source for cell in edition.cells if cell.cell_type == "markdown"]
    assert not MYST.search("\n".join(text))
    code = [cell for cell in edition.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in code)
    found = parts(published)
    assert [cell.source for cell in code if "exercise" not in cell.metadata.get("tags", ())] == [
        part.source for part in found if isinstance(part, nbformat.NotebookNode)]
    folded = [cell for cell in text if cell.startswith("<details>\n<summary>") and cell.endswith("\n\n</details>")]
    asked = [part for part in found if isinstance(part, Exercise)]
    assert len(folded) == len(asked)
    assert all(f"```python\n{cell}\n```" in shown for shown, exercise in zip(folded, asked) for cell in exercise.solution)


def test_what_opens_on_colab_is_light():
    assert sum(editions.colab_path(chapter).stat().st_size for chapter in CHAPTERS) < 1_500_000


def test_references_hold_no_stray_formula():
    text = plain.Plain()
    assert text.text("{cite:t}`hochreiter1997`") == "Hochreiter and Schmidhuber (1997)"
    assert "*Neural Computation*, 9(8):1735–1780, 1997." in text.references()


WORDS = f"{fork.pages(fork.address())}/book/glossary.html#term-"


@pytest.mark.parametrize("myst, markdown", [
    ("a {term}`Gate`, {term}`the skips\n<skip connection>`", f"a [Gate]({WORDS}gate), [the skips]({WORDS}skip-connection)"),
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


DRAWING = """```{raw} html
<figure><svg viewBox="0 0 200 100"><desc>A
box.</desc><g class="face"><rect class="box" x="20" y="10" width="100" height="60" rx="8"/></g>
<path class="flow" d="M120 40H180" marker-end="url(#tip)"/></svg><figcaption>The map.</figcaption></figure>
```"""


def test_drawings_become_pictures_that_say_what_they_show():
    made = plain.Plain().text(DRAWING)
    assert re.match(r'<img id="drawing-\w+" width="200" alt="A box." src="data:image/png;base64,', made) and made.endswith("\n\n*The map.*")
    picture = Image.open(io.BytesIO(base64.b64decode(made.partition("base64,")[2].partition('"')[0]))).convert("RGB")
    assert picture.size == (400, 200)
    inside, edge, line, outside = (picture.getpixel(place) for place in ((140, 80), (140, 20), (300, 80), (300, 150)))
    assert outside == (255, 255, 255) and sum(line) < 200 < sum(inside) < 750 and edge[0] > 120 > edge[2]


def test_a_drawing_that_has_not_changed_keeps_its_picture():
    made = plain.Plain().text(DRAWING)
    before = made.replace("base64,iVBOR", "base64,kept")
    assert plain.Plain(before=before).text(DRAWING) == before != made
    assert "kept" not in plain.Plain(before=before).text(DRAWING.replace("H180", "H170"))


@pytest.mark.parametrize("strange", ['<circle r="3"/>', '<path class="flow" d="M0 0C1 1 2 2 3 3"/>'])
def test_a_drawing_of_something_new_is_an_error(strange):
    with pytest.raises(ValueError, match="cannot draw"):
        drawing.png(f'<svg viewBox="0 0 9 9">{strange}</svg>', {})


@pytest.mark.parametrize("myst", ["{unheard}`of`", "```{unheard}\nof\n```"])
def test_what_has_no_plain_form_is_an_error(myst):
    with pytest.raises(ValueError, match="no plain Markdown"):
        plain.Plain().text(myst)


def test_a_stub_keeps_the_signature_and_drops_the_body():
    solution = ["class Gate(nn.Module):\n    def forward(self, x):\n        return x", "def f(a, *, b=2):\n    return a", "steady = f(1)"]
    made = stub(Exercise("label", "Extend", "Write `f(a, b=2)`.", "check.some(Gate, f, steady, known)", solution))
    assert "class Gate(nn.Module):\n    def forward(self, x):\n        raise NotImplementedError" in made
    assert "def f(a, *, b=2):\n    raise NotImplementedError" in made and "steady = ..." in made and "return" not in made
    assert "known =" not in made and made.endswith("check.some(Gate, f, steady, known)")


@pytest.mark.parametrize("statement, signature", [
    ("Write `stream(speech, chunk)`; mind the margin.", "speech, chunk"),
    ("Write `stream(speech, chunk, margin=2)`.", "speech, chunk, margin=2"),
    ("Write `stream(speech, chunk, *, quiet)`.", "speech, chunk, *, quiet=True"),
])
def test_a_stub_has_no_parameter_that_only_the_solution_has(statement, signature):
    solution = ["def stream(speech, chunk, margin=2, *, quiet=True):\n    return speech"]
    made = stub(Exercise("label", "Extend", statement, "check.some(stream)", solution))
    assert made.startswith(f"def stream({signature}):\n")


@each_chapter
def test_a_stub_takes_what_its_exercise_says(chapter):
    for exercise in exercises(chapters.to_notebook(chapter)):
        for function in (node for node in ast.parse(stub(exercise)).body if isinstance(node, ast.FunctionDef)):
            said = re.search(rf"`{function.name}\(([^`]*)\)`", exercise.statement)
            assert not said or said[1] == ast.unparse(function.args)
            assert said or not function.args.defaults


WRITTEN = """from somewhere import wide

class Gate(nn.Module):
    \"\"\"Louder or softer.\"\"\"
    def __init__(self, channels, *, ratio=4):
        super().__init__()
        self.excite = nn.Linear(channels, channels)   # (B, C)

    def gates(self, x):                               # (B, C, H, W)
        \"\"\"How much of each.\"\"\"
        return self.excite(x.mean(dim=(2, 3)))        # (B, C)

    def forward(self, x):
        def half(y):
            return y / 2
        return half(x) * self.gates(x)

bend = 0.2
"""
EMPTY = """# Build Gate. It has to equal nets.Gate.
from somewhere import wide

class Gate(nn.Module):
    # holds: excite
    \"\"\"Louder or softer.\"\"\"
    def __init__(self, channels, *, ratio=4):
        raise NotImplementedError  # your code

    def gates(self, x):                               # (B, C, H, W)
        \"\"\"How much of each.\"\"\"
        raise NotImplementedError  # your code -> (B, C)

    def forward(self, x):
        raise NotImplementedError  # your code

bend = 0.2"""


def test_a_blocks_stub_keeps_signatures_shapes_and_the_names_of_what_it_holds():
    assert block_stub(WRITTEN, "Gate", "nets.Gate") == EMPTY
    short = block_stub("def f(x):\n    return x\n", "f", "g.f")
    assert short == "# Build f. It has to equal g.f.\ndef f(x):\n    raise NotImplementedError  # your code"


def code_cells(chapter) -> list[nbformat.NotebookNode]:
    return [cell for cell in chapters.to_notebook(chapter).cells if cell.cell_type == "code"]


def empty(cell: nbformat.NotebookNode) -> str:
    return block_stub(cell.source, cell.metadata.block.built, cell.metadata.block.equals)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Those that a cell defines, and its classes' methods."""
    for node in tree.body:
        yield from (item for item in (node.body if isinstance(node, ast.ClassDef) else [node]) if isinstance(item, ast.FunctionDef))


@each_chapter
def test_every_blocks_stub_differs_only_in_what_its_functions_do(chapter):
    for cell in (cell for cell in code_cells(chapter) if "block" in cell.metadata):
        written, made = ast.parse(cell.source), ast.parse(empty(cell))
        assert cell.metadata.block.built in {node.name for node in made.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        first_lines = [cell.source.splitlines()[function.lineno - 1] for function in functions(written)]
        assert first_lines == [empty(cell).splitlines()[function.lineno - 1] for function in functions(made)]
        assert {ast.unparse(function.body) for function in functions(made)} == {"raise NotImplementedError"}
        for function in [*functions(written), *functions(made)]:
            function.body = []
        assert ast.dump(written) == ast.dump(made)


@each_chapter
def test_a_stub_names_all_that_weights_are_loaded_into(chapter):
    for cell in (cell for cell in code_cells(chapter) if "init" in cell.metadata.get("block", ())):
        module = locate(cell.metadata.block.equals)(*eval(cell.metadata.block.init, vars(presets)))
        held = re.search(r"^    # holds: (.*)$", empty(cell), re.MULTILINE)[1].split(", ")
        assert {name.partition(".")[0] for name in module.state_dict()} <= set(held)


@each_chapter
def test_only_a_course_that_asks_for_it_gets_stubs_of_blocks(chapter):
    usual, asked = ([cell.source for cell in edition.cells if cell.cell_type == "code"] for edition in (
        editions.student_edition(chapter), editions.student_edition(chapter, stub_blocks=True)))
    built = {cell.source: empty(cell) for cell in code_cells(chapter) if "block" in cell.metadata}
    assert built.keys() <= set(usual)
    assert asked == [built.get(cell, cell) for cell in usual]


SOON_CHECKED = ("02", "04", "05", "06", "07", "15", "16")  # all their blocks together take seconds


@pytest.mark.parametrize("chapter", [c for c in CHAPTERS if c.name.startswith(SOON_CHECKED)], ids=lambda path: path.stem)
def test_a_chapters_own_assertion_passes_its_block_and_not_the_stub(chapter, sample, in_this_process):
    """The first later cell with an ``assert`` that depends on the block, with just the cells that it needs."""
    cells = code_cells(chapter)
    sources = [TransformerManager().transform_cell(cell.source) for cell in cells]
    proving = [(source, frozenset(cell.metadata.get("proves", ()))) for source, cell in zip(sources, cells)]
    for index, cell in enumerate(cells):
        if "block" in cell.metadata:
            later = range(index + 1, len(cells))
            check_at = next(at for at in later if reaches_assert(cell.metadata.block.built, proving[index + 1 : at + 1]))
            needed = cells_needed(sources, check_at)
            run(needed, {"__name__": "__main__"})
            with pytest.raises(NotImplementedError):
                run([empty(cell) if source == sources[index] else source for source in needed], {"__name__": "__main__"})


def test_an_exercise_without_a_check_is_an_error():
    cell = nbformat.v4.new_markdown_cell("````{exercise} Predict\n:label: x\n\nHow many?\n````")
    with pytest.raises(ValueError, match="python fence"):
        exercises(nbformat.v4.new_notebook(cells=[cell]))
