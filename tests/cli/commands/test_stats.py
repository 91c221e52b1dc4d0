"""`zm stats` as a process: what is printed or written where, and the errors of its options."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import h5py
import jsonschema
import numpy as np
import pytest

from tests.schemas import load_closed
from tests.shell import run_zm
from tests.systems import slow

SCHEMA = load_closed("stats")
TABLE = "name,x,y\na,1,10\nb,2,\nc,6,30\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    return path


def test_without_an_output_a_table_goes_to_standard_output(table: Path) -> None:
    ran = run_zm("stats", table)
    assert ran.code == 0
    assert ran.err == ""
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows == [
        ["column", "count", "missing", "mean", "std", "min", "max"],
        ["x", "3", "0", "3", "2.16025", "1", "6"],
        ["y", "2", "1", "20", "10", "10", "30"],
    ]


def test_with_an_output_nothing_is_printed_into_a_pipe(table: Path, tmp_path: Path) -> None:
    ran = run_zm("stats", table, "-o", tmp_path / "s.json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert json.loads((tmp_path / "s.json").read_text())["mean"] == [3.0, 20.0]


def test_json_on_standard_output_is_the_document_of_the_file(table: Path, tmp_path: Path) -> None:
    run_zm("stats", table, "-o", tmp_path / "s.json")
    document = (tmp_path / "s.json").read_text()
    assert run_zm("stats", table, "-o", "-").out == document
    for arguments in (["--json"], ["-o", "-", "--json"]):
        printed = run_zm("stats", table, *arguments).out
        assert json.loads(printed) == json.loads(document) | {"notes": [], "warnings": []}


@slow
def test_standard_input_is_a_table_compressed_or_not(table: Path) -> None:
    expected = json.loads(run_zm("stats", table, "--json").out)
    for data in (TABLE.encode(), gzip.compress(TABLE.encode())):
        document = json.loads(run_zm("stats", "-", "--json", stdin=data).out)
        assert document["mean"] == expected["mean"]
        assert document["sources"][0]["path"] == "-"


def test_several_sources_are_pooled(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "u.csv"
    other.write_text("y,name,x\n50,d,7\n")
    document = json.loads(run_zm("stats", table, other, "--json").out)
    assert document["names"] == ["x", "y"]
    assert document["mean"] == [4.0, 30.0]
    assert [source["samples"] for source in document["sources"]] == [3, 1]


def test_sources_with_other_columns_are_not_pooled(table: Path, tmp_path: Path) -> None:
    other = tmp_path / "u.csv"
    other.write_text("x,z\n1,2\n")
    ran = run_zm("stats", table, other)
    assert ran.code == 3
    assert "cannot be pooled" in ran.err
    assert "z" in ran.err


def test_columns_may_be_chosen_and_left_out(table: Path) -> None:
    assert json.loads(run_zm("stats", table, "--columns", "y", "--json").out)["names"] == ["y"]
    assert json.loads(run_zm("stats", table, "--exclude", "y", "--json").out)["names"] == ["x"]


def test_an_ignored_value_is_missing(table: Path) -> None:
    document = json.loads(run_zm("stats", table, "--ignore", "30", "--json").out)
    assert document["mean"] == [3.0, 10.0]
    assert document["missing"] == [0, 2]
    assert document["ignore"] == 30.0


def test_missing_values_can_be_an_error_that_names_the_cell(table: Path) -> None:
    ran = run_zm("stats", table, "--missing", "error")
    assert ran.code == 3
    assert "row 2, column 'y'" in ran.err


def test_a_constant_column_is_named_in_a_warning(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,c\n1,5\n2,5\n")
    ran = run_zm("stats", tmp_path / "t.csv")
    assert ran.code == 0
    assert ran.err == "zm: warning: constant, so that standardizing divides by 1: 'c'\n"
    assert run_zm("stats", tmp_path / "t.csv", "-q").err == ""


def test_a_typo_in_a_column_of_numbers_is_reported_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "1,2\n" * 500 + "3,abc\n" + "4,5\n" * 500)
    ran = run_zm("stats", path, "--json")
    assert json.loads(ran.out)["names"] == ["x"]
    assert "column 'y' is left as text: row 501 holds 'abc'" in ran.err


def test_decimal_commas_are_reported(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;b\n1,5;2\n2,5;3\n")
    ran = run_zm("stats", tmp_path / "t.csv", "--json")
    assert json.loads(ran.out)["names"] == ["b"]
    assert "'1,5'" in ran.err


def test_a_column_that_is_text_in_one_of_several_tables_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,NA\n2,NA\n")
    (tmp_path / "b.csv").write_text("x,y\n3,red\n4,blue\n")
    ran = run_zm("stats", tmp_path / "a.csv", tmp_path / "b.csv", "--json")
    document = json.loads(ran.out)
    assert (document["names"], document["mean"], document["sample_shape"]) == (["x"], [2.5], [1])
    assert "column 'y' is left as text" in ran.err


def test_tables_without_a_column_of_numbers_in_common_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,x2,y,y2\n1,2,a,b\n3,4,c,d\n")
    (tmp_path / "b.csv").write_text("x,x2,y,y2\na,b,1,2\nc,d,3,4\n")
    ran = run_zm("stats", tmp_path / "a.csv", tmp_path / "b.csv")
    assert ran.code == 3
    assert "no column of numbers in common" in ran.err


def test_missing_values_of_an_excluded_column_are_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n1,NA\n2,NA\n")
    (tmp_path / "b.csv").write_text("x,y\n3,red\n4,blue\n")
    ran = run_zm("stats", tmp_path / "a.csv", tmp_path / "b.csv", "--missing", "error", "--json")
    assert json.loads(ran.out)["names"] == ["x"]


def test_a_stats_file_is_refused_as_data(table: Path, tmp_path: Path) -> None:
    run_zm("stats", table, "-o", tmp_path / "s.h5")
    ran = run_zm("stats", tmp_path / "s.h5")
    assert ran.code == 2
    assert "is a stats file" in ran.err


def test_a_source_given_twice_is_refused(table: Path) -> None:
    assert run_zm("stats", table, table.parent / "." / table.name).code == 2


def test_names_are_shown_unchanged(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("[/b],price[usd],:smile:,größe\n1,2,3,4\n3,4,5,6\n")
    ran = run_zm("stats", tmp_path / "t.csv")
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == ["[/b]", "price[usd]", ":smile:", "größe"]
    assert run_zm("stats", tmp_path / "t.csv", env={"PYTHONIOENCODING": "ascii"}).code == 0


def test_values_whose_squares_overflow_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1.7976931348623157e308,1\n2,2\n")
    ran = run_zm("stats", tmp_path / "t.csv")
    assert ran.code == 3
    assert "too large to square: 'a'" in ran.err
    assert ran.err.count("\n") == 1
    assert run_zm("stats", tmp_path / "t.csv", "--ignore", "1.7976931348623157e308").code == 0


def test_infinities_are_counted_in_a_warning(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\ninf\n-inf\n2\n")
    ran = run_zm("stats", tmp_path / "t.csv", "--json")
    assert json.loads(ran.out)["missing"] == [2]
    assert "infinite values counted as missing: 2" in ran.err


def test_missing_values_among_all_values_are_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n,4\n")
    ran = run_zm("stats", tmp_path / "t.csv", "--per", "all", "--missing", "error")
    assert ran.code == 3
    assert "row 2" in ran.err


def test_the_document_of_a_real_run_matches_the_schema(table: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(768, dtype=np.uint16).reshape(4, 8, 8, 3)
    for path in (table, tmp_path / "x.h5"):
        jsonschema.validate(json.loads(run_zm("stats", path, "--json").out), SCHEMA)


@slow
def test_memory_and_workers_do_not_change_a_bit(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.random.default_rng(3).normal(size=(400_000, 9))
    runs = {
        run_zm("stats", tmp_path / "x.h5", "--json", "-j", workers, "--memory", memory).out
        for workers in ("1", "3")
        for memory in ("32MB", "1GB")
    }
    assert len(runs) == 1


@slow
def test_a_closed_output_is_not_an_error(table: Path) -> None:
    for arguments in ("stats", "stats --json", "inspect", "--help"):
        command = f"{sys.executable} -m zm_cli {arguments} {table if '--help' not in arguments else ''} | true"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False, cwd=Path(__file__).parents[3]
        )
        assert (done.returncode, done.stderr) == (0, b""), arguments


@slow
def test_a_late_word_in_a_numeric_column_is_named(tmp_path: Path) -> None:
    rows = "\n".join(f"{index},{index}" for index in range(900_000))
    path = tmp_path / "t.csv"
    path.write_text(f"x,y\n{rows}\n7,abc\n8,9\n")
    by_default = run_zm("stats", path, "--json")
    assert by_default.code == 0
    assert json.loads(by_default.out)["names"] == ["x"]
    assert "column 'y' is left as text: row 900001 holds 'abc'" in by_default.err
    by_name = run_zm("stats", path, "--columns", "x,y")
    assert by_name.code == 3
    assert "column 'y': row 900001 holds 'abc'" in by_name.err
    assert by_name.err.count("\n") == 1
    assert run_zm("stats", path, "--columns", "x").err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--per", "pixel"], "column, all"),
        (["--per", "row"], "row"),
        (["--columns", "z"], "z"),
        (["--mode", "RGB"], "--mode is for images"),
        (["--layout", "NC"], "--layout is for hdf5"),
        (["--unit"], "--unit"),
        (["-o", "stats.txt"], ".json, .npz or .h5"),
        (["-o", "nowhere/s.json"], "mkdir"),
        (["--memory", "much"], "256MB"),
        (["--memory", "1MB"], "32MB"),
        (["--workers", "0"], "--workers"),
        (["--ignore", "nan"], "--ignore"),
        (["--columns", "a\nb"], "a"),
        (["--kind", "csv", "--no-such"], "--no-such"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_2(table: Path, arguments: list[str], says: str) -> None:
    ran = run_zm("stats", table, *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert says in ran.err
    assert ran.err.startswith("zm: error: ")
    assert ran.err.count("\n") == 1


def test_a_path_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    ran = run_zm("stats", tmp_path / "none.csv")
    assert (ran.code, ran.err) == (2, f"zm: error: {tmp_path / 'none.csv'}: does not exist\n")


def test_the_stats_file_may_not_be_a_source(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.arange(6.0)
    before = (tmp_path / "x.h5").read_bytes()
    ran = run_zm("stats", tmp_path / "x.h5", "-o", tmp_path / "x.h5")
    assert ran.code == 3
    assert (tmp_path / "x.h5").read_bytes() == before


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in run_zm("stats", tmp_path / "none.csv", "--debug").err


def test_statistics_are_kept_as_arrays_by_suffix(table: Path, tmp_path: Path) -> None:
    run_zm("stats", table, "-o", tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz") as members:
        assert members["mean"].tolist() == [3.0, 20.0]
