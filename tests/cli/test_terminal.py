"""zm at a real terminal: tables and messages for people, progress bars only where they are seen."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.shell import ZM, run_at_terminal, run_zm
from tests.systems import pty, skip_without_terminal, slow

ESCAPE = "\x1b["


def write_table(folder: Path) -> Path:
    (folder / "t.csv").write_text("x,c\n1,5\n3,5\n")
    return folder / "t.csv"


def test_a_terminal_shows_the_table_and_says_where_the_file_is(tmp_path: Path) -> None:
    ran = run_at_terminal("stats", write_table(tmp_path), "-o", tmp_path / "s.json")
    assert ran.code == 0
    assert "2 samples" in ran.out
    assert "s.json" in ran.out
    assert "mean" in ran.out
    assert ESCAPE in ran.out


def test_no_color_is_respected(tmp_path: Path) -> None:
    ran = run_at_terminal("stats", write_table(tmp_path), env={"NO_COLOR": "1"})
    assert "mean" in ran.out
    assert ESCAPE + "3" not in ran.out


def test_a_pipe_gets_no_escape_sequences(tmp_path: Path) -> None:
    ran = run_zm("stats", write_table(tmp_path), env={"FORCE_COLOR": "", "TERM": "xterm-256color"})
    assert ESCAPE not in ran.out + ran.err


@slow
def test_a_bar_can_be_asked_for_and_goes_to_standard_error(tmp_path: Path) -> None:
    path = write_table(tmp_path)
    shown = run_zm("stats", path, "--progress", "--json")
    assert shown.out.startswith("{")
    assert "measuring: " in shown.err
    assert "measuring" not in run_zm("stats", path, "--json").err
    assert "measuring" not in run_at_terminal("stats", path).out


def test_a_terminal_shows_a_bar_and_clears_it(tmp_path: Path) -> None:
    ran = run_at_terminal("stats", write_table(tmp_path), "--progress")
    assert "measuring: " in ran.out
    assert "measuring" not in ran.out.splitlines()[-1].split("\r")[-1]


def test_an_error_at_a_terminal_is_one_line(tmp_path: Path) -> None:
    ran = run_at_terminal("stats", tmp_path / "none.csv")
    assert ran.code == 2
    assert ran.out.count("\n") == 1


def test_help_names_every_command_and_fits_the_terminal() -> None:
    ran = run_at_terminal("--help")
    assert ran.code == 0
    for command in ("stats", "center", "standardize", "inspect"):
        assert command in ran.out
    assert ran.out.count("\n") <= 45


def test_version_is_one_line() -> None:
    ran = run_zm("--version")
    assert ran.code == 0
    assert ran.out.startswith("zm ")
    assert ran.out.count("\n") == 1


@pytest.mark.parametrize("command", [("stats", "-", "-o", "-"), ("center", "-", "-o", "-")])
def test_one_end_of_input_ends_a_typed_table(command: tuple[str, ...]) -> None:
    skip_without_terminal()
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [*ZM, *command],
        stdin=terminal,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    os.close(terminal)
    os.write(controller, b"a,b\n1,2\n3,4\n\x04")
    out, _ = process.communicate(timeout=60)
    os.close(controller)
    assert process.returncode == 0
    assert (b'"mean": [2.0, 3.0]' in out) if command[0] == "stats" else (out == b"a,b\n-1.0,-1.0\n1.0,1.0\n")
