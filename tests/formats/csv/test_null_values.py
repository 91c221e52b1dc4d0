"""Null values: numbers however they are spelled, and those of one column."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.csv.tables import open_table, rewritten, save, values_of
from zm_cli.formats.csv.null_values import find_column


@pytest.mark.parametrize("null", ["0", "0.0", "-0", "+0e5", " 0 "])
@pytest.mark.parametrize("cell", ["0", "0.0", "-0", "+0", "0e0", "000", ".0", " 0 ", '"0"', '"-0.00"'])
def test_a_null_value_that_is_a_number_is_that_number_in_every_spelling(tmp_path: Path, null: str, cell: str) -> None:
    text = f"a,b\n{cell},1\n10,2\n0.5,3\n"
    assert values_of(tmp_path, text, null_values=(null,), columns=("a", "b")) == [[None, 1], [10, 2], [0.5, 3]]
    # A missing cell keeps its text; a cell with text in the column does not change how the others are read.
    assert rewritten(tmp_path, text, null_values=(null,), add=1).splitlines()[1].split(b",")[0] in (
        cell.encode(),
        cell.strip('"').encode(),
    )
    assert values_of(tmp_path, text + "x,4\n", null_values=(null, "x"), columns=("a",))[0] == [None]


@pytest.mark.parametrize("null", ["1_0", "\u0661", "0x0", "ten"])
def test_a_null_value_that_is_not_a_number_is_compared_as_text(tmp_path: Path, null: str) -> None:
    assert values_of(tmp_path, f"a,b\n{null},1\n10,2\n1,3\n0,4\n", null_values=(null,)) == [
        [None, 1],
        [10, 2],
        [1, 3],
        [0, 4],
    ]


def test_a_null_value_may_be_of_one_column_only(tmp_path: Path) -> None:
    text = "a,b,a=b\n0,0,0\n1,-9,1\n-9,2,2.0\n"
    assert values_of(tmp_path, text, null_values=("b=0", "a=b=2", "-9")) == [
        [0, None, 0],
        [1, None, 1],
        [None, 2, None],
    ]
    assert values_of(tmp_path, text, null_values=("a=x", "a=-9.0")) == [[0, 0, 0], [1, -9, 1], [None, 2, 2]]
    source = open_table(save(tmp_path, text), null_values=("b=0", "-9"))
    assert source.spec.decoding["null_values"] == ["b=0", "-9"]
    assert source.facts().notes == ()


def test_a_null_value_of_no_column_is_a_text_and_told(tmp_path: Path) -> None:
    path = save(tmp_path, "age,b\nagee=0,1\n2,0\n4,5\n")
    source = open_table(path, null_values=("agee=0",))
    assert values_of(tmp_path, path.read_text(), null_values=("agee=0",)) == [[None, 1], [2, 0], [4, 5]]
    (note,) = (note for note in source.facts().notes if "--null-value" in note)
    assert "'agee=0' is used as a whole, because there is no column 'agee'; did you mean 'age'?" in note


@pytest.mark.parametrize(
    ("text", "column"), [("a=1", "a"), ("a=b=1", "a=b"), ("a=c=1", "a"), ("a", None), ("=1", None), ("c=1", None)]
)
def test_the_longest_name_of_a_column_is_meant(text: str, column: str | None) -> None:
    assert find_column(text, ("a", "a=b", "b")) == column
