"""Digits that a number does not keep: codes with a leading zero, and integers beyond 2^53."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.csv.tables import error_of, open_table, read_blocks, save, values_of
from zm_cli.formats.csv.digits import IS_A_CODE


def rejected_of(path: Path) -> list[tuple[str, int, str, str]]:
    source = open_table(path)
    return [
        ((source.spec.names or ())[feature], cell.row, cell.value, cell.reason)
        for block in read_blocks(source)
        for feature, cell in block.rejected.items()
    ]


@pytest.mark.parametrize("cell", ["02113", "007", "00", '"007"', " 01"])
def test_a_column_with_a_leading_zero_is_text_and_told(tmp_path: Path, cell: str) -> None:
    source = open_table(save(tmp_path, f"zip,x\n{cell},1\n90210,2\n10001,3\n"))
    assert source.spec.names == ("x",)
    assert source.spec.text_columns == ("zip",)
    (note,) = source.facts().notes
    assert "column 'zip' is left as text: row 1" in note
    assert "--columns" in note


@pytest.mark.parametrize("cell", ["0", "0.5", "-0.5", "0e3", "-01", "0x", "1.05", "1e05", "NA", "100", ""])
def test_other_zeros_are_numbers(tmp_path: Path, cell: str) -> None:
    path = save(tmp_path, f"zip,x\n{'1' if cell == '0x' else cell},1\n90210,2\n10001,3\n")
    assert open_table(path).spec.names == ("zip", "x")


def test_a_column_of_codes_that_is_named_is_read_as_numbers(tmp_path: Path) -> None:
    text = "zip,x\n02113,1\n90210,2\n"
    assert values_of(tmp_path, text, columns=("zip",)) == [[2113], [90210]]
    assert values_of(tmp_path, text, among=("zip", "x")) == [[2113, 1], [90210, 2]]
    assert values_of(tmp_path, text, numeric=("zip",)) == [[2113, 1], [90210, 2]]


def test_a_code_that_means_missing_is_no_code(tmp_path: Path) -> None:
    assert values_of(tmp_path, "zip,x\n000,1\n90210,2\n", null_values=("000",)) == [[None, 1], [90210, 2]]


def test_late_codes_are_found_whatever_the_pieces_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.formats.csv.features.FIRST_LOOK", 100)
    rows = [f'{number},"a, b",{number / 7},{number}' for number in range(10, 200)]
    rows[99], rows[150] = '0110,"0, 07",1.5,5', '0111,"x",1,05'
    path = save(tmp_path, "zip,t,y,z\n" + "\n".join(rows) + "\n")
    expected = [("zip", 100, "0110", IS_A_CODE), ("z", 151, "05", IS_A_CODE)]
    assert rejected_of(path) == expected
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 40)
    found = rejected_of(path)
    assert [found[0], next(cell for cell in found if cell[0] == "z")] == expected


def test_a_table_of_codes_only_is_an_error_that_says_how_to_read_them(tmp_path: Path) -> None:
    assert "--columns zip" in str(error_of(tmp_path, "zip\n02113\n02114\n"))


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        *((cell, True) for cell in ("9007199254740993", "-12345678901234567")),
        *((cell, False) for cell in ("9007199254740992", "1152921504606846976", "123456789012345", "1e300")),
        ("1.2345678901234567", False),
    ],
)
def test_integers_that_float64_cannot_hold_are_told(tmp_path: Path, cell: str, told: bool) -> None:
    source = open_table(save(tmp_path, f"id,x\n7,1\n{cell},2\n"))
    notes = [note for block in read_blocks(source) for note in block.notes]
    assert [("'id'" in note, "2^53" in note) for note in notes] == [(True, True)] * told


@pytest.mark.parametrize("length", [400, 5000])
def test_a_cell_of_hundreds_of_digits_is_infinite_and_harmless(tmp_path: Path, length: int) -> None:
    path = save(tmp_path, f"x,y\n1,2\n{'7' * length},3\n5,6\n")
    (block,) = read_blocks(open_table(path))
    assert block.values[:, 0].tolist() == [1, float("inf"), 5]
