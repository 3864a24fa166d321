"""What `pip install .` brings is what the package imports, and MTCNN's absence is one clear line."""

import ast
import importlib.util
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import numpy as np
import pytest
from chapters import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from emotalk_lite.data import faces
from emotalk_lite.errors import EmotalkError

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = {"facenet-pytorch", "espeakng-loader", "torch-fidelity", "dlib-bin"}
FOR_NOTEBOOKS = {"viz", "check"}  # of the package; they may use the notebook extra


def declared(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def imported(files: list[Path], top_level_only: bool = False) -> set[str]:
    """Distributions that Python files import, themselves and the standard library left out."""
    modules = set()
    for file in files:
        tree = ast.parse(file.read_text())
        for node in tree.body if top_level_only else ast.walk(tree):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                modules.add(node.module.split(".")[0])
    known = packages_distributions()
    return {canonicalize_name(known[m][0]) for m in modules - set(sys.stdlib_module_names) if m in known} - {"emotalk-lite"}


def test_every_import_of_the_package_is_a_declared_dependency():
    files = sorted((ROOT / "emotalk_lite").rglob("*.py"))
    core = [f for f in files if f.relative_to(ROOT / "emotalk_lite").parts[0] not in FOR_NOTEBOOKS]
    # facenet-pytorch has its own step (requirements-nodeps.txt); the others are extras that a command asks for by name
    assert imported(core) - OPTIONAL <= declared(PROJECT["dependencies"])
    notebook = declared(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["notebook"]) | {"ipython"}  # Jupyter's own
    assert imported(files) - OPTIONAL <= notebook


def test_what_facenet_pytorch_imports_is_there_although_it_is_installed_without_dependencies():
    package = Path(importlib.util.find_spec("facenet_pytorch").origin).parent
    assert imported(sorted(package.rglob("*.py")), top_level_only=True) - {"facenet-pytorch"} <= declared(PROJECT["dependencies"])


def test_without_mtcnn_one_line_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "facenet_pytorch", None)  # what Python does where it is not installed
    faces._mtcnn.cache_clear()
    with pytest.raises(EmotalkError, match=r"^MTCNN.* is missing; run: pip install --no-deps facenet-pytorch==[\d.]+$"):
        faces.detect_faces(np.zeros((64, 64, 3), np.uint8))


def test_what_pip_installs_holds_weights_survey_and_stored_measurements(tmp_path):
    source = tmp_path / "source"
    for folder in ("emotalk_lite", "results"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    held = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    kept = [f"emotalk_lite/results/{path.name}" for path in (ROOT / "results").glob("*.json")]
    package = [path.relative_to(ROOT).as_posix() for path in (ROOT / "emotalk_lite").rglob("*") if path.suffix in (".py", ".md", ".html", ".safetensors")]
    assert kept and set(kept + package) <= held
