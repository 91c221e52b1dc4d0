"""What the checks of `zm inspect` have in common: pipes, exit codes, options that are refused, the schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.checking import VALIDATOR, document, inspect, make_wine
from tests.inprocess import call_zm
from tests.shell import run_zm, start_zm
from tests.systems import slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wine(tmp_path_factory.mktemp("checks"))


def test_text_in_columns_that_play_no_part_is_not_told_again(tmp_path: Path) -> None:
    late = ["7"] * 60 + ["A/5"]
    rows = "".join(f"{row % 9},{row % 7},{'x7' if row % 2 else 7},{late[row]}\n" for row in range(61))
    (tmp_path / "t.csv").write_text("a,b,early,late\n" + rows)
    assert "'late' is left as text" in call_zm("standardize", tmp_path / "t.csv", "-o", tmp_path / "z.csv").err
    assert "is left as text" not in call_zm("inspect", tmp_path / "z.csv", "--check", "standardized").err
    for columns in ([], ["--columns", "a"]):
        ran = call_zm("inspect", tmp_path / "t.csv", "--against", tmp_path / "z.csv.stats.json", *columns)
        assert (ran.code, ran.err) == (0, "")
    (tmp_path / "new.csv").write_text("a,b\n" + "1,1\n" * 60 + "2,n/k\n")
    ran = call_zm("inspect", tmp_path / "new.csv", "--against", tmp_path / "z.csv.stats.json")
    assert "column 'b' is left as text: row 61" in ran.err


@slow
def test_tables_are_read_from_a_pipe(folder: Path) -> None:
    text = (folder / "out.csv").read_bytes()
    assert run_zm("inspect", "-", "--check", "standardized", stdin=text).code == 0
    text = (folder / "test.csv").read_bytes()
    ran = run_zm("inspect", "-", "--against", folder / "s.json", "--json", stdin=text)
    assert ran.code == 1
    expected = document(folder / "test.csv", "--against", folder / "s.json")
    assert json.loads(ran.out) == expected | {"path": "-"}
    stats = (folder / "s.json").read_bytes()
    assert run_zm("inspect", folder / "train.csv", "--against", "-", stdin=stats).code == 0
    assert run_zm("inspect", "-", "--against", "-", stdin=stats).code == 2


@slow
def test_quiet_keeps_the_exit_code(folder: Path) -> None:
    for name, code in (("out.csv", 0), ("test.csv", 1)):
        ran = inspect(folder / name, "--check", "centered", "-q")
        assert (ran.code, ran.out, ran.err) == (code, "", "")
    ran = inspect(folder / "test.csv", "--against", folder / "s.json", "--max-shift", "0", "-q")
    assert (ran.code, ran.out, ran.err) == (1, "", "")


def test_a_closed_pipe_does_not_hide_that_the_check_fails(folder: Path) -> None:
    process = start_zm("inspect", folder / "digits.h5", "--per", "pixel", "--layout", "NHW", "--check", "centered",
                       "--json", stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, b"")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tolerance", "0.1"],
        ["--max-shift", "0.1"],
        ["--check", "centered", "--max-missing", "0.1"],
        ["--check", "centered", "--against", "s.json"],
        ["--check", "centered", "--tolerance", "-1"],
        ["--check", "centered", "--tolerance", "nan"],
        ["--against", "s.json", "--tolerance", "1"],
        ["--against", "s.json", "--max-ratio", "0.9"],
        ["--against", "s.json", "--max-ratio", "inf"],
        ["--against", "s.json", "--max-outside", "-0.1"],
        ["--max-psi", "0.1"],
        ["--against", "s.json", "--max-psi", "0.1"],
        ["--against", "s.json", "--max-quantile-shift", "1"],
        ["--against", "s.json", "--per", "all"],
        ["--against", "s.json", "--ignore", "0"],
        ["--against", "s.json", "--quantiles", "default"],
        ["--against", "none.json"],
        ["--range", "0,1"],
        ["--against", "s.json", "--range", "0,1"],
        ["--check", "robust", "--range", "0,1"],
        ["--check", "centered", "--range", "0,1"],
        ["--check", "centered", "--covariance"],
        ["--check", "centered", "--quantiles", "5"],
        ["--check", "centered", "--zeros"],
        ["--check", "centered", "--by", "label"],
        ["--check", "centered", "--bins", "10"],
        ["--against", "s.json", "--bins", "3"],
        ["--check", "l2", "--per", "column"],
        ["--check", "center"],
    ],
)
def test_options_that_cannot_be_combined_are_refused(
    folder: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ran = inspect("test.csv", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_the_schema_refuses_contradictory_findings(folder: Path) -> None:
    found = document(folder / "test.csv", "--against", folder / "s.json")
    checked = document(folder / "test.csv", "--check", "centered")
    for wrong in (
        found | {"against": None},
        found | {"features": checked["features"]},
        found | {"limits": checked["limits"]},
        checked | {"against": "s.json"},
        checked | {"more": 1},
    ):
        assert not VALIDATOR.is_valid(wrong)
