"""Every example of the README and of the pages in docs/ works as written, and prints what is shown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shell import put_zm_on_path
from tests.systems import slow

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").glob("*.md")))]


def examples(page: str = "README.md") -> list[tuple[str, str]]:
    """Each command of a page with the output below it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_there_are_examples() -> None:
    assert len(examples()) > 12


@slow
@pytest.mark.parametrize("page", PAGES)
def test_the_examples_print_what_is_shown(tmp_path: Path, page: str) -> None:
    """Runs them in order, because later ones use earlier outputs, in a folder with the sample data."""
    for name in ("sample_data", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    env = put_zm_on_path(tmp_path)
    for command, output in examples(page):
        line = ["bash", "-o", "pipefail", "-c", command]
        done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        expected = [line.rstrip() for line in output.splitlines()]
        # A check that fails has exit code 1.
        code = 1 if expected[:1] and expected[0].startswith("off: ") else 0
        assert done.returncode == code, f"{command}\n{done.stderr}"
        if output:
            assert [line.rstrip() for line in done.stdout.splitlines()] == expected, command


def test_every_command_has_an_example_and_help_of_its_own() -> None:
    for command in ("stats", "merge", "center", "standardize", "scale", "whiten", "join", "inspect"):
        assert any(f"zm {command} " in example for example, _ in examples())
        done = subprocess.run(
            [sys.executable, "-m", "zm_cli", command, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert f"zm {command}" in done.stdout
