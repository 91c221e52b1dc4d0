"""Tables of features fit the terminal, and cut no name."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.made import make_stats
from tests.shell import run_at_terminal, run_zm
from tests.systems import slow
from zm_cli.cli.display.tables import print_features, print_stats
from zm_cli.statistics.quantiles import Quantiles

LONG = "mean_of_the_sepal_length_in_centimetres_as_measured"
NUMBERS = ["12,345,678", "12,345,678", "-1.23457e-05", "-1.23457e-05", "-1.23457e-05", "-1.23457e-05"]
HEADINGS = ["column", "count", "missing", "mean", "std", "min", "max"]


def narrow_terminal(monkeypatch: pytest.MonkeyPatch, width: int = 80) -> None:
    """Makes standard output a terminal of this width."""
    monkeypatch.setenv("COLUMNS", str(width))
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


def count_columns(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[int]:
    """How many columns of numbers stand on each line above which there is a name."""
    narrow_terminal(monkeypatch, width)
    print_features(HEADINGS, [[LONG, *NUMBERS]])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= max(width, len(LONG))
    second = lines.index(LONG)
    assert [len(line.split()) for line in lines[1:second]] == [len(line.split()) for line in lines[second + 1 :]]
    assert " ".join(lines[second + 1 :]).split() == NUMBERS
    return [len(line.split()) for line in lines[second + 1 :]]


def test_numbers_that_do_not_fit_on_a_line_go_on_in_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert count_columns(84, monkeypatch, capsys) == [6]
    assert count_columns(60, monkeypatch, capsys) == [4, 2]
    assert count_columns(20, monkeypatch, capsys) == [1] * 6


@pytest.mark.parametrize(("width", "shown"), [(120, True), (66, True), (65, False), (56, False)])
def test_how_many_different_values_there_are_is_shown_where_it_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, shown: bool
) -> None:
    values = np.array([[1.0, 5.0], [2.0, 5.0], [2.0, np.nan]])
    stats = make_stats(values, "column", axes="NC", names=("a", "b"))
    quantiles = Quantiles.from_block(values, (1,)).configure((50,))
    narrow_terminal(monkeypatch, width)
    print_stats(replace(stats, statistics={"quantiles": quantiles}))
    heading, *rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ("distinct" in heading) == shown
    assert heading[-1] == ("distinct" if shown else "q50")
    assert [row[-1] for row in rows] == (["2", "1"] if shown else ["2", "5"])


def test_more_different_values_than_are_counted_are_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    values = np.random.default_rng(0).normal(size=(20_000, 41))
    values[:, 0] = 1.0
    stats = make_stats(values, "column", axes="NC", names=tuple(f"c{index}" for index in range(41)))
    print_stats(replace(stats, statistics={"quantiles": Quantiles.from_block(values, (1,))}))
    _, smallest, largest = capsys.readouterr().out.splitlines()
    assert smallest.split()[-1] == "1"
    assert largest.endswith(" over 8,192")
