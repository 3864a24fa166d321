"""Chapters become notebooks, and notebooks keep outputs only while their code stays the same."""

import blocks
import chapters
import pytest
import sync_notebooks
from nbformat.v4 import new_output

CHAPTER = """\
---
kernelspec: {name: python3, display_name: Python 3, language: python}
---

(label)=
# A title

Some text.

```{code-cell} ipython3
print(1 + 1)
```
"""


@pytest.fixture
def root(tmp_path):
    """A project with one chapter, its executed notebook, and a package of one file."""
    (tmp_path / "book/chapters").mkdir(parents=True)
    (tmp_path / "emotalk_lite").mkdir()
    (tmp_path / "emotalk_lite/a.py").write_text("A = 1\n")
    (tmp_path / "constraints.txt").write_text("numpy==2.0\n")
    (tmp_path / "_config.yml").write_text('repository: {url: "https://github.com/you/your-book"}\n')
    chapter = tmp_path / "book/chapters/00_first.md"
    chapter.write_text(CHAPTER)
    notebook = chapters.to_notebook(chapter)
    notebook.cells[-1].outputs = [new_output("stream", name="stdout", text="2\n")]
    next(filter(chapters.is_last_run, notebook.cells)).source = "*Last run: 1 s.*"
    chapters.write(notebook, tmp_path / "notebooks/00_first.ipynb")
    sync_notebooks.write_colab_edition(chapter, tmp_path)
    return tmp_path


def source(root):
    return root / "book/chapters/00_first.md"


def test_the_line_about_the_last_run_stands_under_the_title(root):
    cells = chapters.to_notebook(source(root)).cells
    assert [c.source.splitlines()[-1] for c in cells] == ["# A title", chapters.NEVER_RUN, "Some text.", "print(1 + 1)"]


def test_the_same_chapter_gives_the_same_notebook(root):
    assert chapters.to_notebook(source(root)) == chapters.to_notebook(source(root))


def test_a_chapter_without_a_title_is_refused(root):
    source(root).write_text("Some text.\n")
    with pytest.raises(ValueError, match="begins with its title"):
        chapters.to_notebook(source(root))


def test_new_prose_keeps_the_outputs(root):
    source(root).write_text(CHAPTER.replace("Some text.", "Better text."))
    assert sync_notebooks.out_of_step(root, write=False) == [
        "00_first: its text changed; run: python tools/sync_notebooks.py"]
    assert sync_notebooks.out_of_step(root, write=True) == []
    notebook = chapters.read(root / "notebooks/00_first.ipynb")
    assert "Better text." in [c.source for c in notebook.cells]
    assert notebook.cells[-1].outputs[0].text == "2\n"
    assert notebook.cells[1].source == "*Last run: 1 s.*"


def test_new_prose_reaches_the_edition_for_colab(root):
    assert sync_notebooks.out_of_step(root, write=False) == []
    source(root).write_text(CHAPTER.replace("Some text.", "See {doc}`00_first`."))
    assert sync_notebooks.out_of_step(root, write=True) == []
    cells = chapters.read(root / "colab/notebooks/00_first.ipynb").cells
    link = "https://colab.research.google.com/github/you/your-book/blob/main/colab/notebooks/00_first.ipynb"
    assert f"See [A title]({link})." in [c.source for c in cells]
    (root / "colab/notebooks/00_first.ipynb").unlink()
    assert len(sync_notebooks.out_of_step(root, write=False)) == 1


def test_new_code_asks_for_an_execution(root):
    source(root).write_text(CHAPTER.replace("1 + 1", "1 + 2"))
    before = (root / "notebooks/00_first.ipynb").read_bytes()
    assert "make notebooks" in sync_notebooks.out_of_step(root, write=True)[0]
    assert (root / "notebooks/00_first.ipynb").read_bytes() == before


def test_a_notebook_without_a_chapter_is_reported(root):
    source(root).unlink()
    assert [found.partition(" has no chapter")[0] for found in sync_notebooks.out_of_step(root, write=False)] == [
        "notebooks/00_first.ipynb", "colab/notebooks/00_first.ipynb"]


def test_the_key_follows_code_package_scale_and_versions_but_not_prose(root):
    def key(scale="cpu"):
        return chapters.execution_key(chapters.to_notebook(source(root)), scale, root)

    first = key()
    source(root).write_text(CHAPTER.replace("Some text.", "Better text."))
    assert key() == first
    keys = {first, key("smoke")}
    source(root).write_text(CHAPTER.replace("1 + 1", "1 + 2"))
    keys.add(key())
    (root / "emotalk_lite/a.py").write_text("A = 2\n")
    keys.add(key())
    (root / "constraints.txt").write_text("numpy==2.1\n")
    keys.add(key())
    (root / "results").mkdir()
    (root / "results/lips.json").write_text("{}")
    keys.add(key())
    assert len(keys) == 5
    source(root).write_text(CHAPTER.replace("1 + 1", 'stored_results("lips")'))
    keys.add(key())
    (root / "results/lips.json").write_text('{"open": 1}')
    keys.add(key())
    assert len(keys) == 7


BLOCK = """\
# T

```{code-cell} ipython3
from torch import nn
SIZE = 3
```

```{code-cell} ipython3
raise RuntimeError("a cell that the blocks do not need")
```

```{code-cell} ipython3
---
block: {built: Mine, equals: torch.nn.Linear, init: "(SIZE, 2)", inputs: "(torch.randn(5, SIZE),)"}
---
class Mine(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(m, n)), nn.Parameter(torch.zeros(m))

    def forward(self, x):
        return x @ self.weight.T + self.bias
```

```{code-cell} ipython3
---
block: {built: norm, equals: numpy.linalg.norm, inputs: "(rng.normal(size=SIZE),)"}
---
def norm(x):
    return (x**2).sum() ** 0.5
```
"""


def test_blocks_are_compared_with_what_they_claim_to_equal(root):
    source(root).write_text(BLOCK)
    module, function = blocks.blocks(chapters.to_notebook(source(root)))
    assert len(module.cells) == 2
    blocks.compare(module)
    blocks.compare(function)


@pytest.mark.parametrize("right, wrong", [("+ self.bias", "- 1"), ("** 0.5", "** 0.6")])
def test_a_block_that_differs_is_caught(root, right, wrong):
    source(root).write_text(BLOCK.replace(right, wrong))
    with pytest.raises(AssertionError, match="differs from"):
        for block in blocks.blocks(chapters.to_notebook(source(root))):
            blocks.compare(block)


@pytest.mark.parametrize("cells, reached", [
    (["assert norm([3, 4]) == 5"], True),
    (["length = norm([3, 4])", "if length:\n    twice = 2 * length", "assert twice == 10"], True),
    (["def of_all(rows): return [norm(row) for row in rows]", "for length in of_all([[3, 4]]):\n    assert length == 5"], True),
    (["total = 0\ntotal += norm([3, 4])\ntotal += 1", "assert total == 6"], True),
    (["print(norm([3, 4]))"], False),  # shown, not asserted
    (["length = numpy.linalg.norm([3, 4])", "assert length == 5"], False),  # the package's, not the chapter's
    (["length = norm([3, 4])", "def f(length): return length", "assert f(5) == 5"], False),  # a parameter of the same name
    (["length = norm([3, 4])", "length = 5", "assert length == 5"], False),
    (["print(norm([3, 4]))\nassert 1 + 1 == 2"], False),  # an assert beside it
])
def test_a_block_that_the_chapter_does_not_assert_is_found(root, cells, reached):
    source(root).write_text(BLOCK + "".join(f"\n```{{code-cell}} ipython3\n{cell}\n```\n" for cell in cells))
    assert blocks.unasserted(chapters.to_notebook(source(root))) == ["Mine"] + ["norm"] * (not reached)


def test_an_assert_before_the_block_does_not_count(root):
    source(root).write_text(BLOCK.replace("SIZE = 3", "SIZE = 3\nassert norm is not None"))
    assert blocks.unasserted(chapters.to_notebook(source(root))) == ["Mine", "norm"]


def test_a_cell_that_proves_a_step_asserts_what_the_step_uses(root):
    step = "def step(x):\n    return x / norm(x)"
    proof = ":proves: [step]\n\nmoved = [1.0]\nstep(moved)\nassert moved == [1.0]"
    source(root).write_text(BLOCK + "".join(f"\n```{{code-cell}} ipython3\n{cell}\n```\n" for cell in (step, proof)))
    assert blocks.unasserted(chapters.to_notebook(source(root))) == ["Mine"]


PROOF = """\
# T

```{code-cell} ipython3
raise RuntimeError("a cell that the comparison does not need")
```

```{code-cell} ipython3
def step(weight, slope):
    return weight - 0.1 * slope
```

```{code-cell} ipython3
:proves: [step]

assert step(1.0, 1.0) == 0.9
```
"""


def test_a_comparison_of_steps_runs_by_itself(root):
    source(root).write_text(PROOF)
    (proof,) = blocks.proofs(chapters.to_notebook(source(root)))
    assert proof.proves == ("step",) and len(proof.cells) == 2
    blocks.prove(proof)


@pytest.mark.parametrize("right, wrong, because", [
    ("- 0.1", "+ 0.1", "^(?!the cell|no cell)"),
    ("proves: [step]", "proves: [stride]", "stride"),
    ("assert step(1.0, 1.0) == 0.9", "print(step(1.0, 1.0))", "asserts nothing"),
])
def test_a_comparison_that_shows_nothing_is_caught(root, right, wrong, because):
    source(root).write_text(PROOF.replace(right, wrong))
    (proof,) = blocks.proofs(chapters.to_notebook(source(root)))
    with pytest.raises(AssertionError, match=because):
        blocks.prove(proof)
