"""Running notebooks and building the site from them, as processes, in a small project of its own."""

import io
import json
import shutil
import signal
import subprocess
import sys
import time

import chapters
import costs
import progress
import pytest
import run_notebooks
from nbformat.v4 import new_output
from tqdm import tqdm

HEAD = "---\nkernelspec: {name: python3, display_name: Python 3, language: python}\n---\n\n"
GOOD = HEAD + """# Good

Text.

```{code-cell} ipython3
import os, sys
print("scale", os.environ["EMOTALK_SCALE"])
for percent in (10, 55, 100):
    print(f"\\rtrain: {percent}%", end="", file=sys.stderr)
```
"""
BAD = HEAD + """# Bad

```{code-cell} ipython3
numbers = {}
```

```{code-cell} ipython3
numbers["three"]
```
"""


@pytest.fixture
def project(tmp_path):
    """A copy of the tools and the book's settings, and two chapters, one of which fails."""
    root = tmp_path / "project"
    shutil.copytree(chapters.ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(chapters.ROOT / "book" / "assets", root / "book" / "assets")
    shutil.copytree(chapters.ROOT / "book" / "extensions", root / "book" / "extensions", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_config.yml", "constraints.txt", "book/references.bib"):
        shutil.copy(chapters.ROOT / name, root / name)
    (root / "emotalk_lite").mkdir()
    (root / "book" / "chapters").mkdir()
    (root / "book" / "intro.md").write_text("# Intro\n")
    (root / "book" / "chapters" / "00_good.md").write_text(GOOD)
    (root / "book" / "chapters" / "01_bad.md").write_text(BAD)
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/intro\nchapters: [{file: notebooks/00_good}]\n")
    return root


def run(project, tool, *arguments):
    command = [sys.executable, str(project / "tools" / tool), "--scale", "smoke", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


def test_a_failure_is_named_and_the_others_are_executed_all_the_same(project):
    result = run(project, "run_notebooks.py")
    assert result.returncode == 1
    assert 'FAILED 01_bad, cell 4 (numbers["three"])' in result.stderr
    assert "KeyError: 'three'" in result.stderr
    assert (project / "_build/executed/smoke/partial/01_bad.ipynb").exists()
    assert (project / "_build/executed/smoke/00_good.ipynb").exists()
    assert not (project / "_build/executed/smoke/01_bad.ipynb").exists()
    assert "not executed" in run(project, "build_site.py").stderr


def test_from_chapters_to_a_site_and_only_what_changed_again(project):
    (project / "book/chapters/01_bad.md").unlink()
    assert run(project, "run_notebooks.py").returncode == 0
    notebook = chapters.read(project / "_build/executed/smoke/00_good.ipynb")
    assert [(o.name, o.text) for o in notebook.cells[-1].outputs] == [("stdout", "scale smoke\n"), ("stderr", "train: 100%")]
    assert notebook.cells[1].source.startswith("*Last run: ") and "scale `smoke`" in notebook.cells[1].source
    assert "papermill" not in str(notebook) and str(project) not in str(notebook)

    built = run(project, "build_site.py")
    page = project / "_build/html/notebooks/00_good.html"
    assert built.returncode == 0 and "index.html" in built.stdout and "scale smoke" in page.read_text()
    assert "has not changed" in run(project, "run_notebooks.py").stdout
    assert "nothing in it has changed" in run(project, "build_site.py").stdout

    chapter = project / "book/chapters/00_good.md"
    chapter.write_text(GOOD.replace("Text.", "Better text."))
    assert "has not changed" in run(project, "run_notebooks.py").stdout
    assert run(project, "build_site.py").returncode == 0
    assert "Better text." in page.read_text() and "scale smoke" in page.read_text()

    (project / "emotalk_lite" / "a.py").write_text("A = 1\n")
    assert not (project / "results").exists()  # an ordinary run records nothing
    published = run(project, "run_notebooks.py", "--publish").stdout
    assert "00_good took" in published and "results/chapter_costs.json" in published
    facts = chapters.read(project / "notebooks/00_good.ipynb").metadata["emotalk"]
    kept = json.loads((project / "results/chapter_costs.json").read_text())["00_good"]["smoke"]
    assert kept == {name: facts[name] for name in costs.KEPT}

    larger = chapters.read(project / "notebooks/00_good.ipynb")
    larger.metadata["emotalk"]["scale"] = "cuda"
    chapters.write(larger, project / "notebooks/00_good.ipynb")
    assert "00_good stays as it was executed at cuda" in run(project, "run_notebooks.py", "--publish").stdout
    assert chapters.read(project / "notebooks/00_good.ipynb") == larger
    assert "cuda" not in run(project, "run_notebooks.py", "--publish", "00").stdout  # unless it is named
    assert chapters.read(project / "notebooks/00_good.ipynb").metadata["emotalk"]["scale"] == "smoke"
    unknown = run(project, "run_notebooks.py", "99")
    assert unknown.returncode == 2 and "no chapter 99; there are 00 to 00" in unknown.stderr

    chapter.write_text(GOOD.replace("Text.", "A {ref}`link` to nowhere."))
    run(project, "run_notebooks.py")
    failed = run(project, "build_site.py")
    assert failed.returncode == 1 and "undefined label" in failed.stderr
    assert "Better text." in page.read_text()  # the site before it still stands


def test_an_interruption_keeps_what_is_done(project):
    asleep = project / "notebooks" / "asleep"
    sleeping = f"import time; open({str(asleep)!r}, 'w').close(); time.sleep(60)"
    (project / "book/chapters/01_bad.md").write_text(BAD.replace('numbers["three"]', sleeping))
    command = [sys.executable, str(project / "tools/run_notebooks.py"), "--scale", "smoke"]
    process = subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # a job in the background inherits "ignore"
    assert "00_good took" in process.stdout.readline()
    deadline = time.monotonic() + 60
    while not asleep.exists() and time.monotonic() < deadline:  # the cell runs, however slowly its kernel started
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=30)
    assert process.returncode == 130 and "goes on with the chapter" in messages
    (project / "book/chapters/01_bad.md").unlink()
    assert "00_good has not changed" in run(project, "run_notebooks.py").stdout


def test_a_progress_bar_leaves_its_last_state():
    pieces = [new_output("stream", name="stderr", text=text) for text in ("\r 1%", "\r50%", "\r100%\n", "done\r\n")]
    assert [o.text for o in run_notebooks.final_text(pieces)] == ["100%\ndone\r\n"]


def test_a_bar_below_another_leaves_its_last_state_too():
    drawn = io.StringIO()
    for _ in tqdm(range(3), desc="runs", file=drawn, mininterval=0):
        list(tqdm(range(4), desc="steps", file=drawn, mininterval=0))
    text = run_notebooks.final_text([new_output("stream", name="stderr", text=drawn.getvalue())])[0].text
    bars = [line.split(":")[0] for line in text.splitlines() if line]
    assert bars == ["steps"] * 3 + ["runs"] and text.count("100%") == 4


@pytest.mark.parametrize("seconds, text", [(0.4, "0 s"), (59.6, "1 min 0 s"), (192.4, "3 min 12 s")])
def test_durations_read_as_people_say_them(seconds, text):
    assert progress.minutes(seconds) == text
