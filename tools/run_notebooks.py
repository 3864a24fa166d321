"""Execute the chapters with papermill; only those whose code, package, scale or pinned versions changed.

    python tools/run_notebooks.py --scale cpu             # all that need it, into _build/executed/cpu/
    python tools/run_notebooks.py --scale cpu 01 00       # only these, in this order, whether they need it or not
    python tools/run_notebooks.py --scale cpu --publish   # and copy the result to notebooks/, and what it took to results/; chapters
                                                          # that were published at a larger scale stay, unless they are named
    python tools/run_notebooks.py --scale smoke --record  # only the latter

Git never sees what an ordinary run writes: everything stays under _build. Ctrl-C keeps the chapters that are done.
What training and painting have kept below EMOTALK_HOME (runs/, stills/) costs nothing: remove it before you measure.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path

import papermill
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

import chapters
import costs
from emotalk_lite.chapter_costs import SCALES, minutes
from progress import Screen, Watch
from sync_notebooks import write_colab_edition

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


class WatchedEngine(NBClientEngine):
    """papermill's engine, with our bar in place of its own."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, screen: Screen, **options):
        """Run the notebook; papermill moves ``nb_man.pbar`` on by one after each cell."""
        nb_man.pbar = screen.bar
        options |= {"stdout_file": screen, "stderr_file": screen, "extra_arguments": ["--log-level=ERROR"]}
        super().execute_managed_notebook(nb_man, kernel_name, **options)


def device() -> str:
    """What the notebooks run on: the GPU's name, or the number of CPU cores where there is none or it is hidden from them."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") != "" and shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        names = subprocess.run(query, capture_output=True, text=True).stdout.split("\n")
        if names[0]:
            return names[0].strip()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} CPU core{'s' if cores != 1 else ''}, no GPU"


def last_run_line(facts: dict) -> str:
    """The line under a chapter's title.

    >>> last_run_line({"seconds": 192.4, "peak_bytes": 1.84e9, "device": "2 CPU cores, no GPU", "scale": "cpu"})
    '*Last run: 3 min 12 s, 1.8 GB of memory at most, on 2 CPU cores, no GPU, at scale `cpu`.*'
    """
    return (f"*Last run: {minutes(facts['seconds'])}, {facts['peak_bytes'] / 1e9:.1f} GB of memory at most, "
            f"on {facts['device']}, at scale `{facts['scale']}`.*")


def final_text(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join the pieces that a cell printed, and keep the last state of each line.

    A progress bar rewrites its line a thousand times, and each time arrives as an output of its own.
    """
    joined: list[NotebookNode] = []
    for output in outputs:
        before = joined[-1] if joined else None
        if before and before.output_type == output.output_type == "stream" and before.name == output.name:
            before.text += output.text
        else:
            joined.append(output)
    for output in joined:
        if output.output_type == "stream":
            below = re.sub(r"\n\r?[^\n]*\x1b\[A", "", output.text)  # a bar under a bar: drawn, then the cursor goes up again
            output.text = re.sub(r"[^\n]*\r(?!\n)", "", below)
    return joined


def drop_unset(metadata: NotebookNode) -> None:
    """Leave out of the widgets' state what their layouts do not set, most of what a panel weighs: without it, a browser assumes the same.

    >>> models = {"a": {"model_name": "LayoutModel", "state": {"width": None, "flex": "1"}}}
    >>> drop_unset(NotebookNode({"widgets": {WIDGET_STATE: {"state": models}}}))
    >>> models["a"]["state"]
    {'flex': '1'}
    """
    for model in metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {}).values():
        if model["model_name"] == "LayoutModel":
            for name in [name for name, value in model["state"].items() if value is None]:
                del model["state"][name]


def execute(chapter: Path, scale: str, folder: Path, screen: Screen) -> NotebookNode:
    """Execute a chapter and write the notebook to ``folder``; a failure leaves it in ``folder/partial``."""
    fresh = chapters.to_notebook(chapter)
    key = chapters.execution_key(fresh, scale)
    partial = chapters.notebook_path(chapter, folder / "partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with Watch(screen) as watch:
        executed = papermill.execute_notebook(
            deepcopy(fresh), partial, engine_name="watched", screen=screen, kernel_name="python3",
            cwd=chapters.ROOT / "notebooks", progress_bar=False)
    for cell in executed.cells:
        if cell.cell_type == "code":
            cell.outputs = final_text(cell.outputs)
    drop_unset(executed.metadata)
    facts = {"key": key, "scale": scale, "seconds": round(time.monotonic() - start, 1), "peak_bytes": watch.peak_bytes,
             "device": device(), "python": platform.python_version(), "torch": version("torch")}
    executed.metadata["emotalk"] = facts
    chapters.carry_outputs(executed, fresh)  # outputs only: papermill's own notes hold paths and dates
    next(filter(chapters.is_last_run, fresh.cells)).source = last_run_line(facts)
    chapters.write(fresh, chapters.notebook_path(chapter, folder))
    partial.unlink()
    return fresh


def stored_run(chapter: Path, scale: str, folder: Path) -> NotebookNode | None:
    """The outputs that still hold for ``chapter``, with its present prose; None if it has to be executed."""
    executed, fresh = chapters.read(chapters.notebook_path(chapter, folder)), chapters.to_notebook(chapter)
    if executed is None or executed.metadata["emotalk"]["key"] != chapters.execution_key(fresh, scale):
        return None
    chapters.carry_outputs(executed, fresh)
    if fresh != executed:
        chapters.write(fresh, chapters.notebook_path(chapter, folder))
    return fresh


def expected_seconds(chapter: Path, scale: str, folder: Path) -> float | None:
    """What the chapter took the last time at this scale, here or where the committed notebook was run."""
    for place in (folder, chapters.ROOT / "notebooks"):
        facts = (chapters.read(chapters.notebook_path(chapter, place)) or NotebookNode(metadata={})).metadata.get("emotalk")
        if facts and facts["scale"] == scale:
            return facts["seconds"]
    return None


def failure(chapter: Path, error: Exception, partial: Path) -> str:
    """What went wrong, in three lines: where, what, and what to open."""
    where = ""
    if isinstance(error, PapermillExecutionError):
        where = f", cell {error.cell_index + 1} ({error.source.strip().splitlines()[0][:60]})"
        what = f"{error.ename}: {error.evalue}".strip().splitlines()[-1]
    else:
        what = f"{type(error).__name__}: {error}".strip().splitlines()[-1]
    return f"FAILED {chapter.stem}{where}\n  {what}\n  executed up to there: {partial}"


def run(wanted: list[Path], scale: str, folder: Path, *, force: bool) -> list[str]:
    """Execute what needs it, one notebook after the other; returns the failures."""
    papermill_engines.register("watched", WatchedEngine)
    os.environ["EMOTALK_SCALE"] = scale
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not one installed for the user
    (chapters.ROOT / "notebooks").mkdir(exist_ok=True)
    todo = [c for c in wanted if force or stored_run(c, scale, folder) is None]
    for chapter in wanted:
        if chapter not in todo:
            print(f"notebooks: {chapter.stem} has not changed", flush=True)
    times = [expected_seconds(c, scale, folder) for c in todo]
    if todo and all(times):
        print(f"notebooks: {len(todo)} to run at scale {scale}; last time that took {minutes(sum(times))}", flush=True)
    failures = []
    for number, (chapter, seconds) in enumerate(zip(todo, times), start=1):
        screen = Screen(f"[{number}/{len(todo)}] {chapter.stem}", len(chapters.to_notebook(chapter).cells), seconds)
        try:
            done = execute(chapter, scale, folder, screen)
        except Exception as error:  # one broken chapter does not keep the others from running
            failures.append(failure(chapter, error, chapters.notebook_path(chapter, folder / "partial")))
            print(failures[-1], file=sys.stderr, flush=True)
        else:
            print(f"notebooks: {chapter.stem} took {minutes(done.metadata['emotalk']['seconds'])}", flush=True)
    return failures


def stays(chapter: Path, scale: str) -> bool:
    """Whether the committed notebook has this code's outputs from a larger scale; says so."""
    fresh, committed = chapters.to_notebook(chapter), chapters.read(chapters.notebook_path(chapter))
    if committed is None or chapters.code_of(committed) != chapters.code_of(fresh):
        return False
    larger = committed.metadata["emotalk"]["scale"]
    if SCALES.index(larger) <= SCALES.index(scale):
        return False
    print(f"notebooks: {chapter.stem} stays as it was executed at {larger}; give its number to replace it", flush=True)
    return True


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", choices=SCALES, default="cpu")
    parser.add_argument("--publish", action="store_true", help="copy the executed notebooks to notebooks/, and record what they took")
    parser.add_argument("--record", action="store_true", help="keep what the chapters took in results/chapter_costs.json")
    parser.add_argument("numbers", nargs="*", help="chapter numbers, such as 01; all that changed when left out")
    options = parser.parse_args()
    try:
        wanted = chapters.chosen(options.numbers)
    except ValueError as error:
        parser.error(str(error))
    if options.publish and not options.numbers:
        wanted = [chapter for chapter in wanted if not stays(chapter, options.scale)]
    folder = chapters.ROOT / "_build" / "executed" / options.scale
    try:
        failures = run(wanted, options.scale, folder, force=bool(options.numbers))
    except KeyboardInterrupt:
        print("\nnotebooks: stopped; the same command goes on with the chapter that was running", file=sys.stderr)
        sys.exit(130)
    if failures:
        print("notebooks: " + "; ".join(f.splitlines()[0] for f in failures), file=sys.stderr)
        sys.exit(1)
    if options.publish:
        for chapter in wanted:
            shutil.copy2(chapters.notebook_path(chapter, folder), chapters.notebook_path(chapter))
            write_colab_edition(chapter)
    if options.publish or options.record:
        kept = costs.record(chapters.notebook_path(chapter, folder) for chapter in wanted)
        for place in (chapters.ROOT / "notebooks", *folder.parent.iterdir()):  # every scale is named in all of them
            for chapter in wanted:
                costs.print_again(chapters.notebook_path(chapter, place))
        print(f"notebooks: what they took is in {kept.relative_to(chapters.ROOT)}")


if __name__ == "__main__":
    main()
