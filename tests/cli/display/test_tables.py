"""Tables of features fit the terminal, and cut no name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.shell import run_at_terminal, run_zm
from tests.systems import slow
from zm_cli.cli.display.tables import print_features

LONG = "mean_of_the_sepal_length_in_centimetres_as_measured"
NUMBERS = ["12,345,678", "12,345,678", "-1.23457e-05", "-1.23457e-05", "-1.23457e-05", "-1.23457e-05"]
HEADINGS = ["column", "count", "missing", "mean", "std", "min", "max"]


def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes standard output a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


@pytest.mark.parametrize("numbers", [["4", "0", "1", "2", "3", "4"], NUMBERS])
def test_a_long_name_is_wrapped_or_alone_on_its_line_but_never_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], numbers: list[str]
) -> None:
    narrow_terminal(monkeypatch)
    print_features(HEADINGS, [[LONG, *numbers]])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert LONG in "".join(line.split()[0] for line in lines if line.split())
    for number in numbers:
        assert any(number in line.split() for line in lines)


def test_a_table_that_fits_has_a_line_for_each_feature(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow_terminal(monkeypatch)
    print_features(HEADINGS, [["x", "1", "0", "1", "2", "3", "4"], ["y", "1", "0", "1", "2", "3", "4"]])
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_a_comparison_at_80_columns_keeps_the_names(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{LONG},b\n1.123456,5\n3.2345678,5\n-0.000012345,6\n")
    (tmp_path / "u.csv").write_text(f"{LONG},b\n10.123456,5\n3.2345678,5\n-0.000012345,6\n")
    run_zm("stats", "t.csv", "-o", "s.json", cwd=tmp_path)
    narrow = {"COLUMNS": "80", "NO_COLOR": "1"}
    ran = run_at_terminal("inspect", "u.csv", "--against", "s.json", env=narrow, cwd=tmp_path)
    lines = ran.out.splitlines()
    assert ran.code == 1
    assert max(map(len, lines)) <= 80
    assert LONG in "".join(line.split()[0] for line in lines if line.split())


@slow
def test_verbose_lists_every_column_of_a_wide_table(tmp_path: Path) -> None:
    names = [f"pixel{index}" for index in range(60)]
    table = tmp_path / "wide.csv"
    table.write_text("\n".join([",".join(names), ",".join(["1.5"] * 60), ",".join(["2.5"] * 60)]) + "\n")
    assert "pixel59" not in run_zm("stats", table).out
    listed = run_zm("stats", table, "-v").out
    assert all(name in listed.split() for name in names)
    assert "-v lists every column" in run_at_terminal("stats", table).out
