"""The delimiter of a table: found by trial, refused where it is not clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.csv.tables import error_of, open_table, save, values_of
from zm_cli.errors import DataError
from zm_cli.formats.csv.delimiter import choose_delimiter
from zm_cli.formats.csv.trials import Start


def choose(text: str, decimal: str | None = None, expected: bytes | None = None) -> str:
    return choose_delimiter(Start(text.encode()), decimal, expected, "t.csv").decode()


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Length, cm;Width\n1,5;2,5\n3,5;4,5\n", ";"),
        ("Length, cm;Width, cm;Height\n1,5;2,5;3\n1,7;2,5;3\n", ";"),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ("Anna;1,5\nBert;2,5\n", ";"),
        ("a;b\n1;2\n3;x, y\n", ";"),
        ("My title\na;b;c\n1;2;3\n4;5;6\n", ";"),
        ("1,000\t2,000\n3,000\t4,000\n", "\t"),
        ("a|b\n1|x, y\n2|z, w\n", "|"),
        ("a, b, c\n1, 2, 3\n4, 5, 6\n", ","),
        ("name,tags\nx,a;b\ny,c;d\n", ","),
        ('a,b\n"x;y",1\n"z;w",2\n', ","),
        ("date,value\n2020-01-01 10:00,5\n2020-01-02 10:00,6\n", ","),
        ("a b,c d\n1 x,2\n3 y,4\n", ","),
        ("a,b\n1,2\n3,4,5\n6,7\n", ","),
        ("a b c\n1 2 3\n4 5 6\n", " "),
        ('1.5 2 "x y"\n2.5 3 "z w"\n', " "),
        ("1,5 2,5\n3,5 4,5\n", " "),
        ("date\n2020-01-01 10:00\n2020-01-02 10:00\n", ","),
        ("date time\n2020-01-01 10:00\n2020-01-02 10:00\n", ","),
        ("comment\nvery good\nnot bad, hm\n", ","),
        ('text\n"a, b"\n"c, d"\n', ","),
        ("x\n1\n2\n3,4\n5\n", ","),
        ("x\n1,5\n2,5\n", ";"),
        ("1,5\n2,5\n3,7\n", ","),
        ("a,b\n", ","),
        ("Datum;Wert\n01.02.2020;1.234,5\n02.02.2020;2.345,6\n", ";"),
        ("a;b\nx;1,2\ny;3,4\nz;5,6\n", ";"),
        ("x\n1\n2\n", ","),
    ],
)
def test_the_delimiter_is_the_one_that_makes_even_rows_of_numbers(text: str, delimiter: str) -> None:
    assert choose(text) == delimiter


@pytest.mark.parametrize("text", ["1,a|2\n2,b|3\n", "a,b;c\nd,e;f\n", "1 2,3\n4 5,6\n"])
def test_a_delimiter_that_is_not_clear_is_an_error_that_names_the_candidates(tmp_path: Path, text: str) -> None:
    error = error_of(tmp_path, text)
    assert isinstance(error, DataError)
    assert "not clear: '" in error.what
    assert "',' makes " in error.what
    assert "--delimiter ','" in str(error.hint)
    assert open_table(save(tmp_path, "1,a|2\n2,b|3\n"), delimiter="|").spec.names == ("column_2",)


def test_the_delimiter_of_the_statistics_is_taken_only_where_none_is_clear() -> None:
    assert choose("1,a|2\n2,b|3\n", expected=b"|") == "|"
    assert choose("1,2\n3,4\n", expected=b"|") == ","
    with pytest.raises(DataError):
        choose("1,a|2\n2,b|3\n", expected=b";")


def test_unquoted_commas_that_are_decimal_marks_separate_nothing() -> None:
    assert choose("1,5\n2,5\n3,7\n", decimal=",") == ";"
    assert choose('a,b\n"1,5","2,5"\n"3,7","1,1"\n', decimal=",") == ","


@pytest.mark.parametrize(
    "text",
    [
        " 0.00632  18.00   2.310  0\n 0.02731   0.00   7.070  0\n",
        '18.0   8   307.0\t"chevrolet malibu"\n15.0   8   350.0\t"buick 320"\n',
        "a  b\n1  2\n3  4\n",
    ],
)
def test_columns_lined_up_with_several_spaces_are_refused_with_a_way_to_read_them(tmp_path: Path, text: str) -> None:
    error = error_of(tmp_path, text, "my table.csv")
    assert "lined up" in error.what
    assert f"awk '{{$1=$1}}1' '{tmp_path}/my table.csv' | zm" in str(error.hint)


@pytest.mark.parametrize("text", ["1 000,3\n2 000,4\n3 000,5\n", "1,500 200,5\n2,500 300,5\n"])
def test_a_space_that_may_separate_thousands_is_not_taken_for_a_delimiter(text: str) -> None:
    with pytest.raises(DataError, match="'space' makes 2 columns, ',' makes"):
        choose(text)


def test_lines_that_end_in_a_space_are_refused_with_a_way_to_read_them(tmp_path: Path) -> None:
    error = error_of(tmp_path, "1.0 2.0 \n4.0 5.0 \n")
    assert "its lines end in a space" in error.what
    assert "awk '{$1=$1}1'" in str(error.hint)
    assert choose("1,2 \n3,4 \n") == ","


def test_a_space_that_separates_cells_is_told(tmp_path: Path) -> None:
    path = save(tmp_path, "a b\n1 2\n3 4\n")
    (note,) = open_table(path).facts().notes
    assert "--delimiter" in note
    assert open_table(path, delimiter="space").facts().notes == ()


def test_tabs_in_the_header_of_a_tsv_need_no_trial(tmp_path: Path) -> None:
    assert values_of(tmp_path, "a,b\tc\n1,5\t2\n3,4\t5\n", "t.tsv") == [[2], [5]]
    assert values_of(tmp_path, "a,b\n1,2\n", "t.tsv") == [[1, 2]]


@pytest.mark.parametrize("row", ["3", "3;4;5"])
def test_rows_of_another_width_stay_errors_with_their_number(tmp_path: Path, row: str) -> None:
    error = error_of(tmp_path, f"a;b\n1;2\n{row}\n5;6\n7;8\n")
    assert "row 2" in str(error.where)


def test_the_delimiter_is_recorded(tmp_path: Path) -> None:
    assert open_table(save(tmp_path, "a|b\n1|2\n")).spec.decoding["delimiter"] == "|"
