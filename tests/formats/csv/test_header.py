"""Whether the first row of a table is its header: decided by the rows below, told where it is a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.csv.tables import error_of, open_table, read_values, rewrite, rewritten, save, values_of
from zm_cli.errors import DataError
from zm_cli.formats.csv.header import HeaderChoice, choose_header
from zm_cli.formats.csv.trials import Start, try_delimiter


def choose(text: str, delimiter: bytes = b",") -> HeaderChoice:
    return choose_header(try_delimiter(Start(text.encode()), delimiter))


@pytest.mark.parametrize(
    "text",
    [
        "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n6.3,3.3,Iris-virginica\n",
        "0.02,0.0371,R\n0.0453,0.0523,M\n0.0262,0.0582,R\n",
        "M,0.455,0.365,15\nF,0.35,0.265,7\nM,0.53,0.42,9\n",
        "AAT_ECOLI,0.49,0.29,cp\nACEA_ECOLI,0.07,0.4,cp\n",
        "1,1.52101,13.64,1\n2,1.51761,13.89,1\n3,1.51618,13.53,1\n",
        "29,76,6\n138,143,7\n1,2,3\n",
        "-1,-2\n3,4\n5,7\n",
        '"5.1","a"\n"3.5","b"\n',
        "?,1.5,2\n3,4.5,6\n5,?,9\n",
        ",1.5\n3,4.5\n5,2\n",
        "5.1\n3.5\n2.2\n",
        "1e3,x\n2e3,y\n",
        "1,5;x\n2,5;y\n",
    ],
)
def test_numbers_over_columns_of_numbers_are_data(text: str) -> None:
    assert choose(text, b";" if ";" in text else b",").header is False


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "id,name\n1,x\n2,y\n",
        ",a\n1,2\n",
        '"a","b"\n1,2\n',
        "a,b\n" + "1,x\n" * 10 + "a,b\n2,y\n",
        "a,b\nNA,1\n?,2\n",
        "day,v\n2020-01-01,1\n2020-01-02,2\n",
        "a,b\n1,2\n3,x\n4,5\n6,7\n8,9\n1,2\n3,4\n5,6\n7,8\n1,1\n",
        "a,b,c\n",
        "a,b,c",
    ],
)
def test_text_over_a_column_of_numbers_is_a_header_without_a_word(text: str) -> None:
    assert choose(text if text.endswith("\n") else text + "\n") == HeaderChoice(True)


@pytest.mark.parametrize(
    "text",
    [
        "0,1,2\n0.5,1.5,3\n0.7,0.1,3\n",
        "1,2,3\n0.5,1.5,4\n0.7,0.1,4\n",
        "country,2019,2020\nx,1,2\ny,3,4\n",
        "2019,2020\n1.5,2\n3,4\n",
        "dose,10,20,30\nx,1.5,2,7\ny,3,4,9\n",
        '"2010","2011"\n3.5,2\n2.5,1\n',
        "a,b\nx,y\nz,w\n",
        "id,1,2\n",
        "name,2019,total\nx,1,2\ny,3,4\n",
        "label,0,1,2,3\n5,0,0,7,0\n4,0,1,0,0\n",
        "f,1,2\n0.5,1.5,3\n0.7,0.1,3\n",
        "id,5,10,15\n1,0.5,0.1,3\n2,3,4,7\n",
        '"f","8"\n0.5,1.5\n0.7,0.1\n',
        "n,sex\n12,F\n33,sex\n",
    ],
)
def test_a_doubtful_row_that_is_read_as_the_header_is_told(tmp_path: Path, text: str) -> None:
    choice = choose(text)
    assert choice.header
    assert choice.reason


@pytest.mark.parametrize(
    "text",
    [
        "0,1,2\n3,4,5\n6,7,8\n",
        "1,2\n2,4\n3,6\n4,8\n",
        "0,1\n1,0\n0,0\n1,1\n",
        "red,1\nblue,0\nred,1\n",
        "2019,2020\n2021,2022\n2018,2017\n",
        "0\n5\n7\n",
        "1,2,3\n",
        "a,b\nx,y\na,w\n",
        "unk,95,73,M\n12,71,40,F\n33,66,31,I\n14,5,6,M\n",
        "unk,95,M\n12,71,F\n33,66,M\n",
        "unk,1,M\n12,0,F\n33,1,M\n",
        "M,5,3,a\n3,4,5,b\n4,3,1,b\n",
        "id,5,10,20\n1,4,5,6\n4,3,1,2\n",
    ],
)
def test_a_doubtful_row_that_is_read_as_data_is_told(text: str) -> None:
    choice = choose(text)
    assert not choice.header
    assert choice.reason


def test_no_row_of_a_table_without_header_is_lost(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "5.1,x,1\n4.9,x,2\n"))
    assert source.spec.names == ("column_1", "column_3")
    assert source.spec.decoding["header"] is False
    assert read_values(source).tolist() == [[5.1, 1], [4.9, 2]]
    (note,) = source.facts().notes
    assert "--header" in note


def test_an_option_settles_the_header_without_a_word(tmp_path: Path) -> None:
    path = save(tmp_path, "1.5,2.5\n3,4\n")
    for header, names in ((True, ("1.5", "2.5")), (False, ("column_1", "column_2"))):
        source = open_table(path, header=header)
        assert source.spec.names == names
        assert source.facts().notes == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0,1\n0.3,4\n0.5,7\n", "the header, because its numbers 0, 1 look like names; use --no-header if it is data"),
        ("5.1,x,1\n4.9,x,2\n", "data, because it holds numbers, as the rows below do; use --header if it holds names"),
    ],
)
def test_a_note_on_a_doubtful_header_says_why_and_names_the_option(tmp_path: Path, text: str, told: str) -> None:
    path = save(tmp_path, text)
    assert open_table(path).facts().notes == (f"{path}: the first row is read as {told}",)


def test_the_error_of_a_table_without_numbers_says_how_its_first_row_was_read(tmp_path: Path) -> None:
    assert str(error_of(tmp_path, "a\nx\ny\n")).endswith(
        "has no numeric column: 'a' holds 'x'; is --delimiter right? The first row is read as the header, because "
        "most tables have one and no column of numbers shows otherwise; use --no-header if it is data"
    )


def test_repeated_cells_in_a_first_row_of_data_are_no_error(tmp_path: Path) -> None:
    assert values_of(tmp_path, "1.5,1.5\n2.5,3\n") == [[1.5, 1.5], [2.5, 3]]
    assert isinstance(error_of(tmp_path, "1.5,1.5\n2.5,3\n", header=True), DataError)


@pytest.mark.parametrize("text", ["0,1,2\n5.5,1.5,3\n0.5,0.1,3\n", "a,b\n,1\n,2\n", "1,2,3\n4.5,5,6\n"])
@pytest.mark.parametrize("header", [True, False])
def test_a_table_that_zm_wrote_is_read_as_it_was_written(tmp_path: Path, text: str, header: bool) -> None:
    output = tmp_path / "out.csv"
    rewrite(save(tmp_path, text), output, header=header)
    source = open_table(output)
    assert source.spec.decoding["header"] is header
    assert not any("header" in note for note in source.facts().notes)


def test_the_first_row_of_a_headerless_table_is_written_back(tmp_path: Path) -> None:
    assert rewritten(tmp_path, "5.1,x\n4.9,y\n", add=1) == b"6.1,x\n5.9,y\n"


def test_wide_and_long_first_rows_are_compared_with_the_next_one(tmp_path: Path) -> None:
    wide = ",".join(f"{number / 7:.17f}" for number in range(5000))
    source = open_table(save(tmp_path, f"{wide}\n{wide}\n"))
    assert source.spec.decoding["header"] is False
    assert len(read_values(source)) == 2
