"""Decimal commas: read and written with `--decimal ,`, and told where they seem to be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.csv.tables import error_of, open_table, read_blocks, rewrite, rewritten, save, values_of
from zm_cli.errors import UsageError
from zm_cli.formats.csv.options import DECIMAL

TABLE = "n;x;name\n1;1,5;a\n2;-2,25e1;b\n3;NA;c\n4;+,5;d\n"


def test_decimal_commas_are_numbers(tmp_path: Path) -> None:
    assert values_of(tmp_path, TABLE, decimal=",") == [[1, 1.5], [2, -22.5], [3, None], [4, 0.5]]
    assert values_of(tmp_path, 'a,b\n"1,5",2\n"2,5",3\n', decimal=",") == [[1.5, 2], [2.5, 3]]
    assert values_of(tmp_path, "x\n1,5\n2,5\n", decimal=",") == [[1.5], [2.5]]


@pytest.mark.parametrize("cell", ["1.5", "1.234,5", "1,2,3", "1.500"])
def test_a_point_is_not_part_of_a_number_with_decimal_commas(tmp_path: Path, cell: str) -> None:
    (block,) = read_blocks(open_table(save(tmp_path, f"x;y\n1,5;1\n{cell};2\n"), decimal=",", columns=("x",)))
    assert block.rejected[0].value == cell


def test_null_values_have_the_decimal_mark_of_the_table(tmp_path: Path) -> None:
    assert values_of(tmp_path, "x;y\n1,5;1\n-9,5;2\n", decimal=",", null_values=("-9,5",)) == [[1.5, 1], [None, 2]]


def test_decimal_commas_are_written_back(tmp_path: Path) -> None:
    assert rewritten(tmp_path, TABLE, decimal=",", add=1) == (
        b"n;x;name\n2,0;2,5;a\n3,0;-21,5;b\n4,0;NA;c\n5,0;1,5;d\n"
    )


@pytest.mark.parametrize("quote", ["", '"'])
def test_decimal_commas_are_quoted_where_a_comma_separates_cells(tmp_path: Path, quote: str) -> None:
    text = f'a,b,t\n"1,5",,{quote}x{quote}\n"2,5",3,y\n'
    output = rewritten(tmp_path, text, decimal=",", add=1)
    assert output == f'a,b,t\n"2,5",,{quote}x{quote}\n"3,5","4,0",y\n'.encode()


def test_an_output_with_decimal_commas_is_read_without_the_option(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    rewrite(save(tmp_path, TABLE), output, decimal=",")
    source = open_table(output)
    assert source.spec.decoding["decimal"] == ","
    assert source.facts().others["decimal mark"] == "comma"
    assert source.spec.names == ("n", "x")


def test_columns_that_seem_to_have_decimal_commas_are_told_once(tmp_path: Path) -> None:
    (note,) = open_table(save(tmp_path, "n;x;y\n1;1,5;1,500\n2;2,5;2,5\n")).facts().notes
    assert "columns 'x', 'y' are left as text" in note
    assert note.endswith("--decimal ,")
    assert "--decimal ," in str(error_of(tmp_path, "x;y\n1,5;2,5\n"))
    (note,) = open_table(save(tmp_path, "x;n\n1.5;1\n2.5;2\n"), decimal=",").facts().notes
    assert note.endswith("--decimal .")


@pytest.mark.parametrize("text", ["name;x\nA;1,5\nB;2,5\n", "Datum;x\n01.02.2020;1,5\n", "code;x\n007;1,5\n"])
def test_decimal_commas_are_told_in_any_column(tmp_path: Path, text: str) -> None:
    error = error_of(tmp_path, text)
    assert error.what == "has no numeric column: 'x' holds '1,5'"
    assert "--decimal ," in str(error.hint)


@pytest.mark.parametrize("cell", ["1.234,5", "1.234.567,5", "1 234,5", "1'234,5"])
def test_thousands_separators_beside_decimal_commas_are_named(tmp_path: Path, cell: str) -> None:
    text = f"day;x\n01.02.2020;{cell}\n"
    hint = str(error_of(tmp_path, text).hint)
    assert hint == "write numbers without thousands separators, and read decimal commas with --decimal ,"
    assert str(error_of(tmp_path, text, decimal=",").hint) == "write numbers without thousands separators"
    (note,) = open_table(save(tmp_path, f"n;x\n1;{cell}\n")).facts().notes
    assert note.endswith(hint)
    (block,) = read_blocks(open_table(save(tmp_path, f"x;y\n1;1\n2;2\n{cell};3\n"), decimal=","))
    assert block.rejected[0].reason.endswith("without thousands separators")


def test_points_beside_decimal_commas_separate_thousands(tmp_path: Path) -> None:
    assert str(error_of(tmp_path, "d;x\na;1.500\n", decimal=",").hint) == "write numbers without thousands separators"


def test_a_late_decimal_comma_names_the_option(tmp_path: Path) -> None:
    (block,) = read_blocks(open_table(save(tmp_path, "x;y\n1;1\n2;2\n2,5;3\n")))
    assert block.rejected[0].reason.endswith("--decimal ,")


@pytest.mark.parametrize(("given", "mark"), [("comma", ","), (",", ","), ("POINT", "."), (".", ".")])
def test_a_decimal_mark_is_given_as_a_sign_or_a_word(given: str, mark: str) -> None:
    assert DECIMAL.parse(given) == mark


@pytest.mark.parametrize("given", ["", ";", ",,", "x"])
def test_another_decimal_mark_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        DECIMAL.parse(given)
