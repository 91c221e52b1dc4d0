"""Rows that cannot be read: errors, or with `--on-error skip` left out, counted and listed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.csv.tables import PROPERTY, error_of, open_table, read_blocks, read_values, rewritten, save
from tests.shell import run_zm
from zm_cli.data.block import MAX_LISTED
from zm_cli.errors import DataError
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats

HEADER = "id,x,name"
ROWS = tuple(f"{number},{number * 1.5},name {number}" for number in range(1, 41))


def with_row(row: str, at: int = 11) -> str:
    """Returns the table with another text for the row `at`."""
    return "\n".join([HEADER, *ROWS[: at - 1], row, *ROWS[at:]]) + "\n"


def without_row(at: int = 11) -> str:
    """Returns the table without the row `at`."""
    return "\n".join([HEADER, *ROWS[: at - 1], *ROWS[at:]]) + "\n"


def measure_table(path: Path, **options: Any) -> tuple[Stats, list[str]]:
    stats, outcome = measure([open_table(path, **options)], MeasureOptions(None), Plan(1))
    return stats, outcome.warnings


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("11,16.5", "has 2 cells, the header has 3"),
        ("11,16.5,n,more", "has 4 cells, the header has 3"),
        ("11;16.5;n", "has 1 cell, the header has 3"),
        ("11,16.5,n,", "has 4 cells, the header has 3"),
        ("   ", "has 1 cell, the header has 3"),
        ('11,16.5,"n', "a cell begins with a quote that is never closed"),
        ('"11,16.5,n', "a cell begins with a quote that is never closed"),
        ('11,16.5,"a\nb",more', "has 4 cells over 2 lines, the header has 3"),
        ("11,16.5,\0", "holds a zero byte"),
    ],
)
@pytest.mark.parametrize("size", [8 << 20, 30])
def test_a_bad_row_is_an_error_or_is_left_out_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, reason: str, size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    error = error_of(tmp_path, with_row(row))
    assert isinstance(error, DataError)
    assert str(error.where).endswith("row 11")
    assert error.what == reason
    path = save(tmp_path, with_row(row))
    expected = read_values(open_table(save(tmp_path, without_row(), "good.csv")))
    for columns in (None, ("id", "x")):
        blocks = read_blocks(open_table(path, on_error="skip", columns=columns))
        assert np.concatenate([block.values for block in blocks]).tolist() == expected.tolist()
        assert [(left.name, left.reason) for block in blocks for left in block.skipped] == [("row 11", reason)]
        numbers = [int(number) for block in blocks for number in (() if block.numbers is None else block.numbers)]
        assert numbers == [number for number in range(1, 41) if number != 11]
    assert rewritten(tmp_path, with_row(row), on_error="skip") == rewritten(tmp_path, without_row())


def test_a_stray_quote_that_the_next_quoted_cell_closes_does_not_swallow_rows(tmp_path: Path) -> None:
    lines = list(ROWS)
    lines[10], lines[20] = '11,16.5,"n', '21,31.5,"quoted, text"'
    text = "\n".join([HEADER, *lines]) + "\n"
    # Python's csv module reads one row there, without an error.
    assert len(list(csv.reader(text.splitlines(keepends=True)))) < len(lines)
    error = error_of(tmp_path, text)
    assert (str(error.where)[-6:], error.what) == ("row 11", "a cell begins with a quote that is never closed")
    values = read_values(open_table(save(tmp_path, text), on_error="skip"))
    assert values[:, 0].tolist() == [number for number in range(1, 41) if number != 11]


def test_a_cell_over_several_lines_is_not_a_stray_quote(tmp_path: Path) -> None:
    text = 'x,t\n1,"a\nb" \n2,"c ""d""\n"\n3,e\n'
    assert read_values(open_table(save(tmp_path, text))).tolist() == [[1], [2], [3]]


def test_rows_that_are_not_text_are_left_out(tmp_path: Path) -> None:
    text = with_row("11,16.5,caf\u00e9").encode("latin-1")
    path = save(tmp_path, text)
    (block,) = read_blocks(open_table(path, on_error="skip"))
    assert [(left.name, left.reason) for left in block.skipped] == [
        ("row 11", "is not UTF-8 text; is it another --encoding?")
    ]
    assert read_values(open_table(path, encoding="latin-1")).shape == (40, 2)


def test_rows_keep_their_numbers_behind_bad_ones(tmp_path: Path) -> None:
    path = save(tmp_path, with_row("bad", 3).replace("20,30.0,", "20,text,").replace("30,45.0,", "30,,"))
    (block,) = read_blocks(open_table(path, on_error="skip"))
    assert (block.rejected[1].row, block.rejected[1].value) == (20, "text")
    with pytest.raises(DataError, match="row 30, column 'x': is missing"):
        measure([open_table(path, on_error="skip", columns=("x",))], MeasureOptions(missing="error"), Plan(1))


def test_with_named_columns_a_row_without_a_number_is_left_out(tmp_path: Path) -> None:
    path = save(tmp_path, "a,b\n1,2\nx,4\n5,6\n7,y\n")
    stats, warnings = measure_table(path, on_error="skip", columns=("a",))
    assert (stats.samples, stats.moments.mean.tolist()) == (3, [13 / 3])
    assert stats.sources[0].skipped == ("row 2: holds 'x' in column 'a', which is not a number",)
    assert "row 2" in warnings[0]
    # A column that nobody named, and that holds text, is text.
    stats, _ = measure_table(save(tmp_path, "a,b\n1,2\nx,4\n5,6\n"), on_error="skip")
    assert (stats.samples, stats.names) == (3, ("b",))


@pytest.mark.parametrize(("row", "number"), [("no,m,text", 1), (HEADER, 1), (HEADER, 21)])
def test_another_header_is_left_out(tmp_path: Path, row: str, number: int) -> None:
    text = "\n".join([HEADER, *ROWS[: number - 1], row, *ROWS[number - 1 :]]) + "\n"
    stats, _ = measure_table(save(tmp_path, text), on_error="skip")
    assert (stats.samples, stats.moments.mean.tolist()) == (40, [20.5, 30.75])
    with pytest.raises(DataError, match=f"row {number} looks like another header: --on-error skip leaves it out"):
        measure_table(save(tmp_path, text))


def test_very_many_bad_rows_are_counted_and_the_first_are_listed(tmp_path: Path) -> None:
    count = MAX_LISTED + 500
    text = "a,b\n" + "1,2\n" * 3 * count + "bad\n" * count + "3,4\n"
    stats, warnings = measure_table(save(tmp_path, text), on_error="skip")
    record = stats.sources[0]
    assert (stats.samples, len(record.skipped), record.skipped_total) == (3 * count + 1, MAX_LISTED, count)
    assert record.skipped[0] == f"row {3 * count + 1}: has 1 cell, the header has 2"
    assert f"could not be read: {count:,}, the first is row {3 * count + 1} " in warnings[0]
    assert record.to_document()["skipped_total"] == count


@pytest.mark.parametrize("text", [HEADER + "\n" + ",\n".join(ROWS) + ",\n", "t,\n" + "\n".join(ROWS) + "\n"])
def test_a_table_of_which_most_rows_are_bad_is_an_error_even_so(tmp_path: Path, text: str) -> None:
    error = error_of(tmp_path, text, on_error="skip")
    assert "row 1" in str(error.where)
    assert "of the first" in str(error.hint) or "--skip-rows" in str(error.hint)


def test_a_table_without_good_rows_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no samples: all 2 were left out, the first is row 1 \(has 1 cell"):
        measure_table(save(tmp_path, "a,b\n1\n2\n"), on_error="skip")


@pytest.mark.parametrize("last", ["Total,820,1230", '"Total:",820,1230', ",820,1230", "Totally,820,1230"])
def test_a_row_of_totals_draws_a_note(tmp_path: Path, last: str) -> None:
    rows = "".join(f"name {number},{number},{number * 1.5}\n" for number in range(1, 41))
    (block,) = read_blocks(open_table(save(tmp_path, f"name,id,x\n{rows}{last}\n\n")))
    told = any("row 41 is called 'Total" in note for note in block.notes)
    assert told is (last.strip('"').startswith(("Total,", "Total:")))


def test_the_samples_of_a_trial_are_counted_with_the_bad_rows(tmp_path: Path) -> None:
    stats, _ = measure_table(save(tmp_path, with_row("bad", 3)), on_error="skip", limit=10)
    assert (stats.samples, stats.partial) == (9, True)


def test_both_passes_leave_out_the_same_rows_and_say_so(tmp_path: Path) -> None:
    save(tmp_path, with_row("11,16.5"), "t.csv")
    save(tmp_path, without_row(), "good.csv")
    ran = run_zm("center", "t.csv", "-o", "out.csv", "--on-error", "skip", "--json", cwd=tmp_path)
    document = json.loads(ran.out)
    assert run_zm("center", "good.csv", "-o", "good.out.csv", cwd=tmp_path).code == 0
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "good.out.csv").read_bytes()
    reason = "has 2 cells, the header has 3"
    assert document["skipped"] == [{"name": "row 11", "reason": reason}]
    assert document["skipped_total"] == 1
    first = f"could not be read: 1, the first is row 11 ({reason}); the output does not have them"
    assert [warning for warning in document["warnings"] if "could not be read" in warning] == [
        f"rows left out because they {first}"
    ]


def test_bad_rows_of_several_tables_are_told_apart(tmp_path: Path) -> None:
    paths = [save(tmp_path, with_row("bad"), name) for name in ("a.csv", "b.csv")]
    sources = [open_table(path, on_error="skip") for path in paths]
    _, outcome = measure(sources, MeasureOptions(None), Plan(1))
    assert [left.name for left in outcome.skipped] == [f"{path}: row 11" for path in paths]
    assert outcome.skipped_total == 2


@PROPERTY
@given(
    rows=st.lists(
        st.sampled_from(["1,2", '"3",4', "bad", "5,6,7", '"8', '9,"a\nb"', '"c\nd"e,1', "", "\0,1"]), max_size=12
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    size=st.integers(1, 60),
)
def test_the_size_of_blocks_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[str], end: str, size: int
) -> None:
    path = save(tmp_path, end.join(["a,b", *(row.replace("\n", end) for row in rows)]) + end)

    def read() -> tuple[list[list[float]], list[tuple[str, str]]]:
        blocks = read_blocks(open_table(path, on_error="skip", columns=("a",)))
        left = [(sample.name, sample.reason) for block in blocks for sample in block.skipped]
        return [row for block in blocks for row in block.values.tolist()], left

    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 8 << 20)
    whole = read()
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    assert repr(read()) == repr(whole)
