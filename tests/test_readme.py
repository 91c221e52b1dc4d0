"""Every example of the README runs as it stands, and prints what the README says it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shell import put_zm_on_path

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample data and the examples, in which the commands build on one another."""
    place = tmp_path_factory.mktemp("readme")
    for name in ("sample_data", "examples"):
        (place / name).symlink_to(ROOT / name)
    return place


def examples() -> list[tuple[str, str]]:
    """Each command with the output that stands under it."""
    found = []
    for block in BLOCKS:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_there_are_examples() -> None:
    assert len(examples()) > 12


@pytest.mark.parametrize(("command", "output"), examples(), ids=[command for command, _ in examples()])
def test_an_example_prints_what_the_readme_shows(command: str, output: str, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=put_zm_on_path(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.rstrip() for line in output.splitlines()]
    # A check that does not hold ends with 1, which the shell shows in a line of its own.
    assert done.returncode == (1 if lines[:1] and lines[0].startswith("off: ") else 0), done.stderr
    if output:
        assert [line.rstrip() for line in done.stdout.splitlines()] == lines


def test_every_command_has_an_example_and_help_of_its_own() -> None:
    for command in ("stats", "center", "standardize", "inspect"):
        assert any(f"zm {command} " in example for example, _ in examples())
        done = subprocess.run(
            [sys.executable, "-m", "zm_cli", command, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert f"zm {command}" in done.stdout
