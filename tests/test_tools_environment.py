"""The lists of what has to be installed agree with each other, and the environment is left alone when nothing changed."""

import tomllib

import environment
from chapters import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements(name: str) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def test_requirements_and_pyproject_hold_the_same_list():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: listed for name, listed in project["optional-dependencies"].items() if name != "identity"}  # 104 MB, by hand
    listed = project["dependencies"] + sum(extras.values(), [])
    assert {r for r in map(Requirement, listed) if r.name != "emotalk-lite"} == set(requirements("requirements.txt"))


def test_tested_versions_lie_in_the_ranges():
    exact = {canonicalize_name(r.name): str(r.specifier).removeprefix("==") for r in requirements("constraints.txt")}
    outside = [str(r) for r in requirements("requirements.txt") if exact[canonicalize_name(r.name)] not in r.specifier]
    assert outside == []


def test_the_site_needs_no_torch():
    assert "torch" not in str(environment.site_requirements())


def test_fingerprint_changes_with_each_source(tmp_path):
    for name in environment.SOURCES:
        (tmp_path / name).write_text((ROOT / name).read_text())
    keys = {environment.fingerprint(tmp_path)}
    for name in environment.SOURCES:
        (tmp_path / name).write_text("changed")
        keys.add(environment.fingerprint(tmp_path))
    assert len(keys) == 1 + len(environment.SOURCES)


def test_an_environment_that_is_unfinished_or_damaged_is_not_taken_for_a_good_one(tmp_path):
    assert environment.read_stamp(tmp_path) == {}
    environment.write_stamp(tmp_path, None)
    assert environment.read_stamp(tmp_path) == {"at": str(tmp_path), "key": None}
    (tmp_path / "stamp.json").write_text('{"at": "/somew')
    assert environment.read_stamp(tmp_path) == {}
