"""Records: quotes, line ends and blank lines, for pieces of any size."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.csv.tables import PROPERTY, error_of, open_table, read_blocks, rewrite, rewritten, save, values_of


def test_a_quoted_delimiter_stays_inside_its_cell(tmp_path: Path) -> None:
    assert values_of(tmp_path, 'a,b\n"x,y",1\n"z",2\n') == [[1], [2]]


def test_a_quoted_newline_stays_inside_its_cell(tmp_path: Path, tiny_pieces: None) -> None:
    rows = "".join(f'"line\nand ""line""\n",{i}\n' for i in range(20))
    assert values_of(tmp_path, f"a,b\n{rows}") == [[i] for i in range(20)]


def test_a_quote_inside_a_plain_cell_is_just_a_quote(tmp_path: Path, tiny_pieces: None) -> None:
    text = 'size,x\n5" pipe,6\n"a,""b",7\nplain,8\n6" pipe,9\n"q" r,10\n\'"\',11\n'
    assert values_of(tmp_path, text) == [[6], [7], [8], [9], [10], [11]]
    rows = list(csv.reader(io.StringIO(rewritten(tmp_path, text).decode())))
    assert [row[0] for row in rows] == ["size", '5" pipe', 'a,"b', "plain", '6" pipe', "q r", "'\"'"]


def test_a_lone_carriage_return_is_text(tmp_path: Path, tiny_pieces: None) -> None:
    text = "a,b\n" + "x\r,1.0\ny\rz,2.0\n\r,3.0\n" * 5
    assert (
        rewritten(tmp_path, text)
        == text.replace("x\r", '"x\r"').replace("y\rz", '"y\rz"').replace("\n\r,", '\n"\r",').encode()
    )


def test_a_single_stray_quote_in_a_long_file_changes_nothing_else(tmp_path: Path, tiny_pieces: None) -> None:
    lines = [f"name {i},{i}" for i in range(50)]
    lines[7] = '3" nail,7'
    text = "a,b\n" + "\n".join(lines) + "\n"
    assert values_of(tmp_path, text) == [[i] for i in range(50)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_every_kind_of_line_end_is_read_and_kept(tmp_path: Path, tiny_pieces: None, end: str, last: bool) -> None:
    lines = ["a,b", *(f"x{i},{i}.5" for i in range(12)), '"p\nq",12.5']
    text = end.join(lines) + (end if last else "")
    assert values_of(tmp_path, text) == [[i + 0.5] for i in range(13)]
    assert rewritten(tmp_path, text) == (end.join(lines) + end).encode()


def test_blank_lines_are_not_rows_if_there_are_several_columns(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "\na,b\n\n1,2\n\r\n\n3,4\n\n"))
    blocks = read_blocks(source)
    assert blocks[0].values.tolist() == [[1, 2], [3, 4]]
    assert "blank lines" in blocks[0].notes[0]


def test_a_blank_line_inside_quotes_is_text(tmp_path: Path) -> None:
    assert rewritten(tmp_path, 'a,b\n"x\n\ny",1.0\n\nz,2.0\n') == b'a,b\n"x\n\ny",1.0\nz,2.0\n'


def test_a_blank_line_is_a_missing_value_if_there_is_one_column(tmp_path: Path) -> None:
    assert values_of(tmp_path, "a\n1\n\n2\n") == [[1], [None], [2]]
    assert rewritten(tmp_path, "a\n1\n\n2\n") == b"a\n1.0\n\n2.0\n"


def test_a_record_longer_than_a_piece_is_one_record(tmp_path: Path, tiny_pieces: None) -> None:
    long = "very " * 500
    assert values_of(tmp_path, f'a,b\n"{long}\n{long}",1\nx,2\n{long},3\n') == [[1], [2], [3]]


def test_rows_are_counted_in_the_whole_table_past_blank_lines_and_quoted_newlines(
    tmp_path: Path, tiny_pieces: None
) -> None:
    text = "a,b\n" + '"x\ny",1\n\n' * 30 + "z,bad\n"
    source = open_table(save(tmp_path, text), columns=("b",))
    assert [(cell.row, cell.value) for block in read_blocks(source) for cell in block.rejected.values()] == [
        (31, "bad")
    ]


def test_the_error_names_the_row_with_an_unclosed_quote(tmp_path: Path, tiny_pieces: None) -> None:
    for end in ("", "\n"):
        error = error_of(tmp_path, "a,b\n" + "x,1\n" * 30 + '"y,2\n' + "z,3\n" * 30 + end)
        assert "row 31" in str(error.where)
        assert "quote" in error.what
    assert "quote" in str(error_of(tmp_path, '"a,b\n1,2\n'))


@PROPERTY
@given(
    lines=st.lists(st.text(alphabet='a"', max_size=5).filter(lambda cell: not cell.startswith('"')), max_size=30),
    size=st.integers(1, 60),
)
def test_stray_quotes_are_read_as_the_csv_module_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    text = "t,n\n" + "".join(f'{cell},"{number}"\n' for number, cell in enumerate(lines))
    output = tmp_path / "out.csv"
    rewrite(save(tmp_path, text), output, columns=("n",))
    again = list(csv.reader(io.StringIO(output.read_text(), newline="")))
    wanted = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[0] for row in again] == [row[0] for row in wanted]
    assert [float(row[1]) for row in again[1:]] == [float(row[1]) for row in wanted[1:]]
