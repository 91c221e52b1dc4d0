"""The layout of a table: delimiter, header, names of the columns."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.formats.csv.tables import error_of, open_table, read_values, rewritten, save, values_of
from zm_cli.errors import DataError, UsageError


def test_cells_of_a_tsv_are_separated_by_tabs(tmp_path: Path) -> None:
    assert values_of(tmp_path, "a,x\tb\n1\t2\n", "t.tsv") == [[1, 2]]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found_and_kept(tmp_path: Path, delimiter: str) -> None:
    text = f'a{delimiter}"b,c"{delimiter}d\n1.5{delimiter}x,y{delimiter}3.0\n'
    assert values_of(tmp_path, text) == [[1.5, 3]]
    assert rewritten(tmp_path, text) == text.encode()


@pytest.mark.parametrize("text", ["tab", "\\t", "\t"])
def test_a_tab_can_be_named_by_a_word(tmp_path: Path, text: str) -> None:
    assert values_of(tmp_path, "a,b\tc\n1\t2\n", delimiter=text) == [[1, 2]]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "é"])
def test_an_impossible_delimiter_is_refused(tmp_path: Path, delimiter: str) -> None:
    assert isinstance(error_of(tmp_path, "a,b\n1,2\n", delimiter=delimiter), UsageError)


def test_without_a_header_the_first_row_is_data_and_the_output_has_none(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "1,x,2\n3,y,4\n"), header=False)
    assert source.spec.names == ("column_1", "column_3")
    assert source.spec.decoding["header"] is False
    assert read_values(source).tolist() == [[1, 2], [3, 4]]
    assert rewritten(tmp_path, "1,x,2\n3,y,4", header=False) == b"1.0,x,2.0\n3.0,y,4.0\n"


def test_the_header_is_written_back_unchanged(tmp_path: Path) -> None:
    text = ' a ,"b",,"c ""d""\n"\n1.0,2.0,3.0,x\n'
    assert open_table(save(tmp_path, text)).spec.names == ("a", "b", "column_3")
    assert rewritten(tmp_path, text) == text.encode()


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    path = save(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")
    assert open_table(path).spec.names == ("a", "b")
    assert rewritten(tmp_path, b"\xef\xbb\xbfa,b\n1,x\n") == b"\xef\xbb\xbfa,b\n1.0,x\n"


@pytest.mark.parametrize("text", ["", "\n\n", "\r\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_an_error(tmp_path: Path, text: str | bytes) -> None:
    error = error_of(tmp_path, text)
    assert isinstance(error, DataError)
    assert error.what == "is empty"
