"""Where outputs go: never over a terminal by accident, never over what is there if that is not wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shell import run_at_terminal, run_zm

SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1.5,2\n3,5\n")
    return path


def test_a_table_is_not_poured_over_a_terminal(table: Path) -> None:
    ran = run_at_terminal("center", table)
    assert ran.code == 2
    assert "no output is named" in ran.out
    assert "-o -" in ran.out
    assert "-0.75" not in ran.out


def test_a_table_is_shown_at_a_terminal_if_that_is_asked_for(table: Path) -> None:
    assert "-0.75,-1.5" in run_at_terminal("center", table, "-o", "-").out


def test_images_at_a_terminal_are_only_offered_a_file(tmp_path: Path) -> None:
    ran = run_at_terminal("center", SAMPLE_DATA / "digits")
    assert ran.code == 2
    assert "-o PATH" in ran.out
    assert "-o -" not in ran.out


def test_a_pipe_still_gets_the_table_without_an_output(table: Path) -> None:
    assert run_zm("center", table).out.startswith("a,b\n-0.75,-1.5\n")


@pytest.mark.parametrize("there", ["u.csv", "u.csv.stats.json"])
def test_no_clobber_leaves_what_exists(table: Path, there: str) -> None:
    kept = table.with_name(there)
    kept.write_text("precious")
    ran = run_zm("center", table, "-o", table.with_name("u.csv"), "--no-clobber")
    assert ran.code == 3
    assert f"{there}: exists" in ran.err
    assert kept.read_text() == "precious"
    assert sorted(path.name for path in table.parent.iterdir()) == sorted(["t.csv", there])


def test_no_clobber_serves_stats_files_too(table: Path) -> None:
    output = table.with_name("s.json")
    assert run_zm("stats", table, "-o", output, "--no-clobber").code == 0
    before = output.read_bytes()
    assert run_zm("stats", table, "-o", output, "--no-clobber", "--ignore", "5").code == 3
    assert output.read_bytes() == before


def test_help_is_a_command_as_well(tmp_path: Path) -> None:
    assert run_zm("help", "stats").out == run_zm("stats", "--help").out
    assert run_zm("help").out == run_zm("--help").out
    assert run_zm("help", "sttas").code == 2


def test_the_bar_of_images_counts_images(tmp_path: Path) -> None:
    assert "/1797" in run_zm("stats", SAMPLE_DATA / "digits", "--progress").err
