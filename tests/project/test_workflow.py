"""The workflow that runs the tests elsewhere: on every system and version that zm is said to be made for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    jobs: dict[str, Any] = workflow["jobs"]
    return jobs


def classified(start: str) -> set[str]:
    """The ends of the classifiers in pyproject.toml that begin so."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    return {text.removeprefix(start) for text in classifiers if text.startswith(start)}


def commands_of(job: Any) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_every_version_of_python_and_every_system_is_tested(jobs: dict[str, Any]) -> None:
    matrix = jobs["test"]["strategy"]["matrix"]
    assert {"3", *matrix["python"]} == classified("Programming Language :: Python :: ")
    systems = {"MacOS": "macos-latest", "Microsoft :: Windows": "windows-latest", "POSIX :: Linux": "ubuntu-latest"}
    assert set(matrix["system"]) == {systems[name] for name in classified("Operating System :: ")}


def test_the_tests_are_run_as_make_test_runs_them(jobs: dict[str, Any]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^test:.*\n\t@\$\(PY\) (.*)$", makefile, re.MULTILINE)
    assert recipe is not None
    assert f"python {recipe[1]}" in commands_of(jobs["test"])


def test_the_other_jobs_are_targets_of_make(jobs: dict[str, Any]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert commands_of(jobs["once"]) == ["make ${{ matrix.target }}"]
    for target in jobs["once"]["strategy"]["matrix"]["target"]:
        assert f"\n{target}: " in makefile


def test_whatever_has_to_pass_here_has_to_pass_there(jobs: dict[str, Any]) -> None:
    local = set(re.findall(r"^run make ([a-z-]+)", (ROOT / ".ci/run").read_text(), re.MULTILINE))
    assert local == {"test", *jobs["once"]["strategy"]["matrix"]["target"]}
