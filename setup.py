"""The packages; everything else is in pyproject.toml. The measurements in results/ travel along, for chapters that run without the repository."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["emotalk_lite*"]), "emotalk_lite.results"],
    package_dir={"emotalk_lite.results": "results"},
)
