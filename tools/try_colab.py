"""Run the notebooks for Colab from top to bottom where Colab would: in an environment that has its own, newer torch and numpy.

    python3 tools/try_colab.py          # or: make colab; all of them, and what was seen goes to results/colab.json
    python3 tools/try_colab.py 02 13    # only these; nothing is written to results/

The environment is made anew each time, from nothing that this repository pins: the newest torch and numpy, Colab's old ipywidgets, and what runs
notebooks (several gigabytes on Linux, whose torch brings CUDA along). `google.colab` can be imported there, so the install cell does its work; what
it installs is the last commit of this clone, and no other place has to be reached for it. In the end, torch and numpy have to be the same.
Standard library only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import fork
from environment import python_of

ROOT = Path(__file__).resolve().parent.parent
OWN = ("numpy", "torch", "torchaudio", "torchvision")  # what Colab brings, and keeps
OLD = {"ipywidgets": "7.7.1"}  # what it brings in another version than the newest; the install cell may replace it
FOLDER = ROOT / "_build" / "colab"


def stand_in(folder: Path, root: Path = ROOT) -> dict[str, str]:
    """Variables that make an environment look like Colab, and the repository's address lead to ``root``."""
    package = folder / "stand_in" / "google" / "colab"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (folder / "stand_in" / "sitecustomize.py").write_text("import google.colab\n")
    address = f"https://github.com/{fork.address(root)}"
    (folder / "gitconfig").write_text(f'[url "{root.as_uri()}"]\n\tinsteadOf = {address}\n[safe]\n\tdirectory = *\n')
    return {"PYTHONPATH": str(folder / "stand_in"), "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
            "EMOTALK_HOME": str(folder / "home"), "EMOTALK_SCALE": "smoke", "JUPYTER_PREFER_ENV_PATH": "1"}


def run_notebook(python: Path, notebook: Path, folder: Path, variables: dict[str, str]) -> bool:
    """Execute one notebook with the interpreter's papermill; what it said is in ``folder/NAME.log``."""
    variables = unpinned() | variables | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [str(python), "-m", "papermill", "--no-progress-bar", "-k", "python3", str(notebook), str(folder / notebook.name)]
    with (folder / f"{notebook.stem}.log").open("w") as log:
        return subprocess.run(command, cwd=folder, env=variables, stdout=log, stderr=subprocess.STDOUT).returncode == 0


def unpinned() -> dict[str, str]:
    """The variables of this process, less those that would make pip install what somebody has pinned."""
    return {name: value for name, value in os.environ.items() if name not in ("PIP_CONSTRAINT", "PIP_REQUIREMENT")}


def versions(python: Path) -> dict[str, str]:
    """Those of OWN and OLD that are installed."""
    code = "import json; from importlib.metadata import distributions; print(json.dumps({d.name: d.version for d in distributions()}))"
    found = json.loads(subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout)
    return {name: found[name] for name in (*OWN, *OLD) if name in found}


def make_environment(venv: Path) -> Path:
    """A new one with the newest of everything but OLD; returns its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
    python = python_of(venv)
    wanted = [*OWN, *(f"{name}=={version}" for name, version in OLD.items()), "ipykernel", "matplotlib", "papermill"]
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted], check=True,
                   env=unpinned())
    return python


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="chapter numbers, such as 02; all when left out")
    options = parser.parse_args()
    wanted = [path for path in sorted((ROOT / "colab" / "notebooks").glob("*.ipynb"))
              if not options.numbers or path.name.startswith(tuple(options.numbers))]
    if not wanted:
        parser.error(f"no chapter begins with {' or '.join(options.numbers)}")
    print("colab: making an environment", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)  # what an earlier call trained and downloaded, too
    FOLDER.mkdir(parents=True)
    python, variables = make_environment(FOLDER / "env"), stand_in(FOLDER)
    before, seconds, failed = versions(python), {}, []
    for notebook in wanted:
        start = time.monotonic()
        fine = run_notebook(python, notebook, FOLDER, variables)
        seconds[notebook.stem] = round(time.monotonic() - start)
        print(f"colab: {notebook.stem} {'ran' if fine else 'FAILED'}, {seconds[notebook.stem]} s", flush=True)
        failed += [] if fine else [f"{notebook.stem}: see {FOLDER / notebook.stem}.log"]
    after = versions(python)
    changed = [f"{name} {before[name]} became {after.get(name, 'nothing')}" for name in OWN if after.get(name) != before[name]]
    if failed or changed:
        sys.exit("colab: " + "; ".join([*failed, *changed]))
    print(f"colab: all ran, and kept {', '.join(f'{name} {before[name]}' for name in OWN)}")
    print(f"colab: beside them {', '.join(f'{name} {before[name]} became {after[name]}' for name in OLD)}")
    if not options.numbers:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
        about = {"date": date.today().isoformat(), "commit": commit, "scale": variables["EMOTALK_SCALE"], "cores": os.cpu_count()}
        kept, replaced = {name: before[name] for name in OWN}, {name: [before[name], after[name]] for name in OLD}
        found = about | {"python": platform.python_version(), "kept": kept, "replaced": replaced, "seconds": seconds}
        (ROOT / "results" / "colab.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
