"""Tables: records, numbers, untouched text, faults and the way back to a file, through Format, Source and Sink."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
import pickle
import random
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xxhash
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError, ZmError
from zm_cli.formats import create_sink
from zm_cli.formats.csv import FORMAT, recognises

FLOAT64 = np.dtype(np.float64)
RECEIPT = {"format": "zm-receipt", "operation": "center"}
SKIPPING = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def tiny_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 40)


def save(tmp_path: Path, text: str | bytes, name: str = "table.csv") -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def open_table(path: str, **options: Any) -> Source:
    return FORMAT.open(path, ReadOptions(**options))


def read_blocks(source: Source) -> list[Block]:
    return [source.read(span) for span in source.spans()]


def read_values(source: Source) -> np.ndarray:
    blocks = read_blocks(source)
    return np.concatenate([np.empty((0, len(source.spec.names or ()))), *(block.values for block in blocks)])


def values_of(tmp_path: Path, text: str | bytes, name: str = "table.csv", **options: Any) -> list[list[float | None]]:
    """The values of a table, NaN as None so that lists compare."""
    values = read_values(open_table(save(tmp_path, text, name), **options))
    return [[None if math.isnan(value) else value for value in row] for row in values.tolist()]


def rewrite(
    path: str, output: str, add: float = 0.0, dtype: str = "float64", impute: float | None = None, **options: Any
) -> None:
    """Writes the table to `output` with `add` added to every feature."""
    source = open_table(path, **options)
    sink = FORMAT.create(source, output, WriteOptions(np.dtype(dtype), RECEIPT))
    for span in source.spans():
        block = source.read(span)
        with np.errstate(invalid="ignore"):
            values = block.values + add
        if impute is not None:
            values = np.where(np.isnan(values), impute, values)
        sink.write(sink.encode(replace(block, values=values)))
    sink.commit()


def rewritten(tmp_path: Path, text: str | bytes, name: str = "table.csv", **options: Any) -> bytes:
    output = tmp_path / f"out-{name}"
    rewrite(save(tmp_path, text, name), str(output), **options)
    return output.read_bytes()


def error_of(tmp_path: Path, text: str | bytes, name: str = "table.csv", **options: Any) -> ZmError:
    with pytest.raises(ZmError) as caught:
        read_blocks(open_table(save(tmp_path, text, name), **options))
    return caught.value


# What is a table


@pytest.mark.parametrize("name", ["a.csv", "a.TSV", "a.tab", "a.csv.gz", "a.Csv.ZST", "a.tsv.gz"])
def test_a_table_is_recognised_by_its_name(tmp_path: Path, name: str) -> None:
    assert recognises(Path(save(tmp_path, "a\n1\n", name)))


@pytest.mark.parametrize("name", ["a.txt", "a.gz", "a.csv.bz2", "csv", "a.csv.h5"])
def test_other_names_are_no_tables(tmp_path: Path, name: str) -> None:
    assert not recognises(Path(save(tmp_path, "a\n1\n", name)))


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert not recognises(tmp_path / "a.csv")


def test_the_spec_names_the_numeric_columns_in_order(tmp_path: Path) -> None:
    spec = open_table(save(tmp_path, "id,b,a\nx1,1,2\nx2,3,4\n")).spec
    assert (spec.kind, spec.axes, spec.sample_shape, spec.dtype, spec.names) == ("csv", "NC", (2,), FLOAT64, ("b", "a"))
    assert spec.named is False
    assert json.loads(json.dumps(spec.decoding)) == {"null_values": [], "header": True}


def test_the_facts_tell_the_layout(tmp_path: Path) -> None:
    facts = open_table(save(tmp_path, gzip.compress(b"id\tx\ty\r\na\t1\t2\r\n"), "t.tsv.gz"), exclude=("y",)).facts()
    assert facts.types == {"float64": 1, "text": 1, "left aside": 1}
    assert facts.others == {
        "delimiter": "tab",
        "line ends": "CRLF",
        "compression": "gzip",
        "text columns": "id",
        "left aside": "y",
    }
    assert facts.nbytes == (tmp_path / "t.tsv.gz").stat().st_size


# Records and cells


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


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = save(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n")
    assert open_table(path).spec.names == ("a", "b")
    assert rewritten(tmp_path, b"\xef\xbb\xbfa,b\n1,x\n") == b"\xef\xbb\xbfa,b\n1.0,x\n"


def test_a_mark_that_happens_to_begin_a_piece_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 8)
    assert rewritten(tmp_path, "a,b\n\ufeffx,1.0\n\ufeffy,2.0\n") == "a,b\n\ufeffx,1.0\n\ufeffy,2.0\n".encode()


def test_blank_lines_are_no_rows_where_there_are_several_columns(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "\na,b\n\n1,2\n\r\n\n3,4\n\n"))
    blocks = read_blocks(source)
    assert blocks[0].values.tolist() == [[1, 2], [3, 4]]
    assert "blank lines" in blocks[0].notes[0]


def test_a_blank_line_inside_quotes_is_text(tmp_path: Path) -> None:
    assert rewritten(tmp_path, 'a,b\n"x\n\ny",1.0\n\nz,2.0\n') == b'a,b\n"x\n\ny",1.0\nz,2.0\n'


def test_a_blank_line_is_a_missing_value_where_there_is_one_column(tmp_path: Path) -> None:
    assert values_of(tmp_path, "a\n1\n\n2\n") == [[1], [None], [2]]
    assert rewritten(tmp_path, "a\n1\n\n2\n") == b"a\n1.0\n\n2.0\n"


def test_a_record_longer_than_a_piece_is_one_record(tmp_path: Path, tiny_pieces: None) -> None:
    long = "very " * 500
    assert values_of(tmp_path, f'a,b\n"{long}\n{long}",1\nx,2\n{long},3\n') == [[1], [2], [3]]


# Layout


def test_a_tsv_is_divided_by_tabs(tmp_path: Path) -> None:
    assert values_of(tmp_path, "a,x\tb\n1\t2\n", "t.tsv") == [[1, 2]]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found_and_kept(tmp_path: Path, delimiter: str) -> None:
    text = f'a{delimiter}"b,c"{delimiter}d\n1.5{delimiter}x,y{delimiter}3.0\n'
    assert values_of(tmp_path, text) == [[1.5, 3]]
    assert rewritten(tmp_path, text) == text.encode()


@pytest.mark.parametrize("spelled", ["tab", "\\t", "\t"])
def test_a_tab_can_be_spelled(tmp_path: Path, spelled: str) -> None:
    assert values_of(tmp_path, "a,b\tc\n1\t2\n", delimiter=spelled) == [[1, 2]]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "é"])
def test_what_cannot_divide_cells_is_refused(tmp_path: Path, delimiter: str) -> None:
    assert isinstance(error_of(tmp_path, "a,b\n1,2\n", delimiter=delimiter), UsageError)


def test_without_a_header_the_first_row_is_data_and_the_output_has_none(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "1,x,2\n3,y,4\n"), header=False)
    assert source.spec.names == ("column_1", "column_3")
    assert source.spec.decoding["header"] is False
    assert read_values(source).tolist() == [[1, 2], [3, 4]]
    assert rewritten(tmp_path, "1,x,2\n3,y,4", header=False) == b"1.0,x,2.0\n3.0,y,4.0\n"


def test_a_header_of_numbers_is_doubted(tmp_path: Path) -> None:
    assert "--no-header" in open_table(save(tmp_path, "1.5,2\n3,4\n")).facts().notes[0]
    assert open_table(save(tmp_path, "0,1\n3,4\n")).facts().notes == ()


def test_the_header_is_written_back_as_it_stands(tmp_path: Path) -> None:
    text = ' a ,"b",,"c ""d""\n"\n1.0,2.0,3.0,x\n'
    assert open_table(save(tmp_path, text)).spec.names == ("a", "b", "column_3")
    assert rewritten(tmp_path, text) == text.encode()


def test_repeated_names_are_refused_only_among_the_features(tmp_path: Path) -> None:
    assert "'a'" in str(error_of(tmp_path, "a,a,b\n1,2,3\n"))
    assert isinstance(error_of(tmp_path, "a,a,b\n1,2,3\n", columns=("a",)), DataError)
    assert values_of(tmp_path, "a,a,b\n1,2,3\n", exclude=("a",)) == [[3]]
    assert values_of(tmp_path, "a,a,b\nx,y,3\n") == [[3]]


# Choice of columns


def test_named_columns_come_in_the_order_they_were_named(tmp_path: Path) -> None:
    # Statistics are applied by place, so that a table with its columns in another order gets the right ones.
    source = open_table(save(tmp_path, "a,b,c\n1,2,3\n"), columns=("c", "a"))
    assert source.spec.names == ("c", "a")
    assert source.spec.named is True
    assert read_values(source).tolist() == [[3, 1]]
    assert rewritten(tmp_path, "a,b,c\n1,2,3\n", columns=("c", "a"), add=1) == b"a,b,c\n2.0,2,4.0\n"


def test_an_unknown_column_is_an_error_that_suggests_the_near_one(tmp_path: Path) -> None:
    for option in ("columns", "exclude"):
        chosen: dict[str, Any] = {option: ("heigth",)}
        error = error_of(tmp_path, "height,width\n1,2\n", **chosen)
        assert isinstance(error, UsageError)
        assert "did you mean 'height'" in str(error)
        assert "'width'" in str(error)


def test_excluding_everything_is_a_usage_error(tmp_path: Path) -> None:
    assert isinstance(error_of(tmp_path, "a,b\n1,x\n", exclude=("a",)), UsageError)


def test_a_table_of_text_only_is_an_error(tmp_path: Path) -> None:
    assert "numeric" in str(error_of(tmp_path, "a,b\nx,y\n"))
    assert "points" in str(error_of(tmp_path, "a;b\n1,5;2,5\n"))


# Numbers


def test_missing_cells_of_every_spelling_are_nan(tmp_path: Path) -> None:
    cells = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None", "none", "?", ".", "-", "<NA>"]
    cells += [" NA ", '"NA"', '""', "   ", "\\N"]
    text = "a,b\n1,0\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))
    assert [row[0] for row in values_of(tmp_path, text)] == [1] + [None] * len(cells)


def test_cells_with_spaces_quotes_signs_and_exponents_are_numbers(tmp_path: Path) -> None:
    text = 'a\n 1\n2 \n+3\n"4"\n" 5 "\n6e0\n7E0\n.8e1\n9.\n-inf\nInfinity\n1e999\n-0\n'
    values = [row[0] for row in values_of(tmp_path, text)]
    assert values == [1, 2, 3, 4, 5, 6, 7, 8, 9, -math.inf, math.inf, math.inf, 0]
    assert str(values[-1]) == "-0.0"


def test_a_null_value_of_the_user_is_missing_even_if_it_is_a_number(tmp_path: Path) -> None:
    text = 'a,b\n1,x\n-999,2\n -999 ,3\n-9990,NA\n"-999",4\n'
    expected = [[1, None], [None, 2], [None, 3], [-9990, None], [None, 4]]
    assert values_of(tmp_path, text, null_values=("-999", "x")) == expected
    assert values_of(tmp_path, text.replace(" -999 ", " -999"), null_values=("-999", "x")) == expected
    assert values_of(tmp_path, "a\n-999\n-999.0\n", null_values=("-999",)) == [[None], [-999]]
    assert rewritten(tmp_path, text, null_values=("-999", "x"), add=1) == (
        b"a,b\n2.0,x\n-999,3.0\n -999 ,4.0\n-9989.0,NA\n-999,5.0\n"
    )
    source = open_table(save(tmp_path, text), null_values=("-999", "x"))
    assert source.spec.decoding["null_values"] == ["-999", "x"]


def test_both_ways_of_parsing_give_the_same_values(tmp_path: Path) -> None:
    seed = 20
    print("seed", seed)
    draw = random.Random(seed)
    cells = [repr(draw.uniform(-1, 1) * 10.0 ** draw.randint(-320, 308)) for _ in range(3000)]
    cells += [f"{draw.random():.25f}" for _ in range(1000)]
    cells += ["nan", "", "inf", "-inf", "1e-400", " 7", "1e999", "-0"]
    typed = read_values(open_table(save(tmp_path, "a,b\n" + "".join(f"{cell},1\n" for cell in cells))))
    # The padded cell at the end is what only the slower way can read.
    slow = read_values(open_table(save(tmp_path, "a,b\n" + "".join(f"{cell},1\n" for cell in [*cells, "1 "]))))
    assert typed.tobytes() == slow[:-1].tobytes()
    expected = [float(cell) if cell else math.nan for cell in cells]
    np.testing.assert_array_equal(typed[:, 0], expected)


def test_a_column_of_missing_cells_only_is_kept_for_later_rows(tmp_path: Path, tiny_pieces: None) -> None:
    text = "a,b\n" + "NA,1\n" * 30 + "5,1\n"
    assert values_of(tmp_path, text)[-1] == [5, 1]


def test_text_in_a_late_row_is_reported_with_its_row_and_value(tmp_path: Path, tiny_pieces: None) -> None:
    lines = [f"{i},{i}" for i in range(1, 101)]
    lines[59], lines[70], lines[71] = "60, abc ", "71,def", "NA,72"
    source = open_table(save(tmp_path, "a,b\n" + "\n".join(lines) + "\n"))
    blocks = read_blocks(source)
    assert len(blocks) > 5
    found = [block.rejected for block in blocks if block.rejected]
    assert [{index: (cell.row, cell.value) for index, cell in cells.items()} for cells in found] == [
        {1: (60, " abc ")},
        {1: (71, "def")},
    ]
    values = np.concatenate([block.values for block in blocks])
    assert np.flatnonzero(np.isnan(values[:, 1])).tolist() == [59, 70]
    assert np.flatnonzero(np.isnan(values[:, 0])).tolist() == [71]
    assert [b.values.tobytes() for b in blocks] == [b.values.tobytes() for b in read_blocks(source)]


def test_rows_are_counted_in_the_whole_table_past_blank_lines_and_quoted_newlines(
    tmp_path: Path, tiny_pieces: None
) -> None:
    text = "a,b\n" + '"x\ny",1\n\n' * 30 + "z,bad\n"
    source = open_table(save(tmp_path, text), columns=("b",))
    assert [(cell.row, cell.value) for block in read_blocks(source) for cell in block.rejected.values()] == [
        (31, "bad")
    ]


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "true", "1d5", "1.5f", "\u0661", "12:30", "1,5", "1 2", "--1"])
def test_what_only_looks_like_a_number_is_text(tmp_path: Path, cell: str) -> None:
    assert values_of(tmp_path, f'a,b\n"{cell}",1\n') == [[1]]


def test_threads_read_what_one_reads(tmp_path: Path, tiny_pieces: None) -> None:
    text = "a,b,c\n" + "".join(f"{i},{'NA' if i % 7 == 0 else i},{'x' if i > 150 else i}\n" for i in range(300))
    path = save(tmp_path, text)
    alone = read_blocks(open_table(path))
    source = open_table(path)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(source.read, reversed(list(source.spans()))))[::-1]
    assert [block.values.tobytes() for block in alone] == [block.values.tobytes() for block in together]
    assert [block.rejected for block in alone] == [block.rejected for block in together]
    assert [block.digest for block in alone] == [block.digest for block in together]


# Faults


@pytest.mark.parametrize(("row", "found"), [("3", "1 cell,"), ("3,4,5", "3 cells"), ("3,4,", "3 cells")])
@pytest.mark.parametrize("before", ["1,2\n" * 20, '1,"2"\n' * 20, ""])
def test_a_ragged_row_is_named(tmp_path: Path, tiny_pieces: None, row: str, found: str, before: str) -> None:
    error = error_of(tmp_path, f"a,b\n{before}{row}\n5,6\n")
    assert isinstance(error, DataError)
    assert f"row {before.count('1') + 1}" in str(error.where)
    assert found in error.what
    assert error.what.endswith("2")


def test_a_short_and_a_long_row_do_not_make_up_for_each_other(tmp_path: Path) -> None:
    assert "row 2" in str(error_of(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8,9\n"))
    assert "row 2" in str(error_of(tmp_path, "a,b,c\n1,2,3\n4,5,6,7\n8,9\n"))
    assert "row 2" in str(error_of(tmp_path, 'a,b,c\n1,2,3\n"4,5",6\n7,8,9\n'))


@pytest.mark.parametrize("text", ["", "\n\n", "\r\n", b"\xef\xbb\xbf", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_an_error(tmp_path: Path, text: str | bytes) -> None:
    error = error_of(tmp_path, text)
    assert isinstance(error, DataError)
    assert error.what == "is empty"


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "a,b\r\n\r\n"])
def test_a_header_alone_has_no_rows_and_is_written_back(tmp_path: Path, text: str) -> None:
    source = open_table(save(tmp_path, text))
    assert source.spec.names == ("a", "b")
    assert len(read_values(source)) == 0
    assert rewritten(tmp_path, text).splitlines() == [b"a,b"]


def test_text_that_is_not_utf8_is_named_by_its_row(tmp_path: Path, tiny_pieces: None) -> None:
    text = b"a,b\n" + b"caf\xc3\xa9,1\n" * 20 + b"caf\xe9,2\n"
    for column in ("a", "b"):
        error = error_of(tmp_path, text, columns=(column,))
        assert "row 21" in str(error.where)
        assert "UTF-8" in error.what
        assert "--encoding latin-1" in str(error.hint)
    assert "header" in str(error_of(tmp_path, b"\xe9,b\n1,2\n"))


def test_a_zero_byte_is_named_by_its_row(tmp_path: Path) -> None:
    assert "row 2" in str(error_of(tmp_path, b"a,b\nx,1\ny\0,2\n"))


def test_an_open_quote_is_named_by_its_row(tmp_path: Path, tiny_pieces: None) -> None:
    for end in ("", "\n"):
        error = error_of(tmp_path, "a,b\n" + "x,1\n" * 30 + '"y,2\n' + "z,3\n" * 30 + end)
        assert "row 31" in str(error.where)
        assert "quote" in error.what
    assert "quote" in str(error_of(tmp_path, '"a,b\n1,2\n'))


@pytest.mark.parametrize(
    ("head", "says"),
    [(b"PK\x03\x04", "zip"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"PAR1\x15\4", "Parquet")],
)
def test_other_kinds_of_file_are_called_by_their_name(tmp_path: Path, head: bytes, says: str) -> None:
    assert says in str(error_of(tmp_path, head + b"rest"))


def test_a_file_that_is_not_there_or_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UsageError):
            open_table(str(path))


# Compression


def packed(text: bytes, name: str) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(text[:100]) + gzip.compress(text[100:])
    return zstandard.compress(text[:100]) + b"\x50\x2a\x4d\x18\x01\0\0\0x" + zstandard.compress(text[100:])


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst"])
def test_compressed_tables_give_the_blocks_of_the_plain_one(tmp_path: Path, tiny_pieces: None, name: str) -> None:
    text = b"a,b\n" + b"".join(b"%d,%d.5\n" % (i, i * i) for i in range(500))
    plain = open_table(save(tmp_path, text))
    # The suffix says nothing: the first bytes do.
    for saved in (name, "misnamed.csv"):
        source = open_table(save(tmp_path, packed(text, name), saved))
        assert [b.values.tobytes() for b in read_blocks(source)] == [b.values.tobytes() for b in read_blocks(plain)]
        assert sum(span.nbytes for span in source.spans()) == source.nbytes == (tmp_path / saved).stat().st_size


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst"])
def test_a_compressed_table_that_is_cut_off_is_an_error(tmp_path: Path, name: str) -> None:
    draw = random.Random(3)
    text = b"a,b\n" + b"".join(b"%d,%d\n" % (draw.getrandbits(40), i) for i in range(20000))
    whole = gzip.compress(text) if name.endswith("gz") else zstandard.compress(text)
    for length in (5, len(whole) // 2, len(whole) - 1):
        error = error_of(tmp_path, whole[:length], name)
        assert isinstance(error, DataError)
        assert name in str(error)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst"])
def test_a_damaged_compressed_table_is_an_error(tmp_path: Path, name: str) -> None:
    text = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * i) for i in range(5000))
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(text)
    whole = bytearray(gzip.compress(text) if name.endswith("gz") else checked)
    for place in (len(whole) // 2, len(whole) - 3, len(whole) - 7):
        damaged = whole.copy()
        damaged[place] ^= 0x55
        assert isinstance(error_of(tmp_path, bytes(damaged), name), DataError)


# Standard input and other pipes


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("options", [{}, {"columns": ("b",)}])
def test_standard_input_is_read_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_pieces: None, pack: Any, options: dict[str, Any]
) -> None:
    text = b"a,b\n" + b"".join(b"x,%d\n" % i for i in range(50))
    (tmp_path / "typed").write_bytes(pack(text))
    monkeypatch.setattr(sys, "stdin", (tmp_path / "typed").open())
    source = open_table("-", **options)
    assert source.one_pass
    assert source.nbytes == 0
    assert source.receipt is None
    assert read_values(source).tolist() == [[i] for i in range(50)]
    with pytest.raises(UsageError, match="only once"):
        list(source.spans())


def test_a_named_pipe_is_read_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    text = b"a,b\n" + b"".join(b"x,%d\n" % i for i in range(50_000))
    writer = threading.Thread(target=path.write_bytes, args=(text,))
    writer.start()
    source = open_table(str(path))
    values = read_values(source)
    writer.join()
    assert source.one_pass
    assert values[:, 0].tolist() == list(range(50_000))


def test_a_source_pickles_with_its_spans(tmp_path: Path, tiny_pieces: None) -> None:
    source = open_table(save(tmp_path, "a,b\n" + "x,1.5\n" * 30))
    span = list(source.spans())[2]
    copy: Source = pickle.loads(pickle.dumps(source))
    assert copy.spec == source.spec
    assert copy.read(pickle.loads(pickle.dumps(span))).values.tolist() == source.read(span).values.tolist()
    assert len(list(copy.spans())) == len(list(source.spans()))


# Writing


def test_untouched_text_is_kept_exactly(tmp_path: Path, tiny_pieces: None) -> None:
    cells = ["007", "1e5", "NA", "", "2024-01-02", "  spaced ", "nan", "+1", "TRUE", "é😀", "a'b", "\t", "1 000", "-"]
    text = "id,x,t\n" + "".join(f"{cell},1.0,{cell}\n" for cell in ["text", *cells])
    assert rewritten(tmp_path, text, columns=("x",)) == text.encode()
    quoted = 'id,x\n"",1.0\n,1.0\n"a,b",1.0\n"say ""hi""",1.0\n"two\nlines",1.0\n'
    assert rewritten(tmp_path, quoted) == quoted.encode()


def test_missing_cells_of_the_features_keep_their_text(tmp_path: Path, tiny_pieces: None) -> None:
    cells = ["1", "NA", "", "nan", "n/a", " ", '""', "-", "2", "inf"]
    text = "x,id\n" + "".join(f"{cell},i\n" for cell in cells)
    expected = "x,id\n" + "".join(f"{cell},i\n" for cell in ["2.0", *cells[1:8], "3.0", "inf"])
    assert rewritten(tmp_path, text, add=1) == expected.encode()


def test_imputed_cells_are_numbers_in_the_output(tmp_path: Path) -> None:
    assert rewritten(tmp_path, "x,id\n1,a\nNA,b\n,c\n", impute=0.5) == b"x,id\n1.0,a\n0.5,b\n0.5,c\n"


def test_a_value_that_becomes_nan_is_written_as_nan(tmp_path: Path) -> None:
    assert rewritten(tmp_path, "x,id\ninf,a\nNA,b\n1,c\n", add=-math.inf) == b"x,id\nNaN,a\nNA,b\n-inf,c\n"


def test_every_float64_reads_back_to_the_same_bits(tmp_path: Path) -> None:
    seed = 5
    print("seed", seed)
    draw = random.Random(seed)
    values = [draw.uniform(-1, 1) * 10.0 ** draw.randint(-300, 300) for _ in range(2000)]
    output = rewritten(tmp_path, "x\n" + "".join(f"{value!r}\n" for value in values))
    assert [float(line) for line in output.decode().split()[1:]] == values


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_smaller_dtype_is_written_with_its_own_shortest_digits(tmp_path: Path, dtype: str) -> None:
    values = [0.1, 1 / 3, 2.0, 1000.5, -7e-3]
    lines = rewritten(tmp_path, "x\n" + "".join(f"{value!r}\n" for value in values), dtype=dtype).decode().split()[1:]
    assert [np.dtype(dtype).type(line) for line in lines] == [np.dtype(dtype).type(value) for value in values]
    assert max(len(line) for line in lines) <= (12 if dtype == "float32" else 13)
    assert lines[2] == "2.0"


def test_an_unchanged_table_comes_back_byte_for_byte(tmp_path: Path, tiny_pieces: None) -> None:
    text = "id;x;when\r\n" + "".join(f"r00{i};{i}.25;2020-01-{i:02d}\r\n" for i in range(10, 29))
    assert rewritten(tmp_path, text) == text.encode()


@pytest.mark.parametrize(("suffix", "unpack"), [(".csv.gz", gzip.decompress), (".csv.zst", zstandard.decompress)])
def test_a_compressed_output_is_compressed_and_always_the_same(tmp_path: Path, suffix: str, unpack: Any) -> None:
    text = "a,b\n" + "".join(f"{i}.0,x\n" for i in range(1000))
    path = save(tmp_path, text)
    outputs = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for output in outputs:
        rewrite(path, str(output))
    first, second = (output.read_bytes() for output in outputs)
    assert first == second
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(first) if "zst" in suffix else unpack(first)
    assert plain == text.encode()
    assert read_values(open_table(str(outputs[0]))).tolist() == [[i] for i in range(1000)]


@pytest.mark.parametrize("name", ["out.h5", "out.npy", "out.xlsx", "out.csv.bz2", "out.png", "folder/", "out.tsv"])
def test_a_name_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    source = open_table(save(tmp_path, "a,b\n1,x\n"))
    with pytest.raises(UsageError):
        create_sink(source, f"{tmp_path}/{name}", WriteOptions(FLOAT64, RECEIPT))
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_nothing_appears_before_commit_and_nothing_is_left_after_discard(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "a,b\n1,x\n"))
    output = tmp_path / "out.csv"
    sink = FORMAT.create(source, str(output), WriteOptions(FLOAT64, RECEIPT))
    for span in source.spans():
        sink.write(sink.encode(source.read(span)))
    assert not output.exists()
    sink.discard()
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_standard_output_gets_the_table_and_no_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    rewrite(save(tmp_path, "a,b\n1,x\n"), "-", add=1)
    assert capfdbinary.readouterr().out == b"a,b\n2.0,x\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_a_closed_pipe_is_left_to_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as pipe:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(pipe)))
        with pytest.raises(BrokenPipeError):
            rewrite(save(tmp_path, "a,b\n" + "1,x\n" * 10_000), "-")
        monkeypatch.undo()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_an_error_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stdout", type("Full", (), {"buffer": full}))
        with pytest.raises(DataError, match="No space left"):
            rewrite(save(tmp_path, "a,b\n1,x\n"), "-")


# The receipt


def test_the_receipt_lies_beside_the_output_and_is_found_again(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    rewrite(save(tmp_path, "a,b\n1,x\n"), str(output))
    written = json.loads((tmp_path / "out.csv.zm.json").read_text())
    data = output.read_bytes()
    assert written == RECEIPT | {"output": {"bytes": len(data), "xxh3_128": xxhash.xxh3_128(data).hexdigest()}}
    assert open_table(str(output)).receipt == written


def test_a_receipt_of_other_bytes_or_of_another_kind_is_not_believed(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    rewrite(save(tmp_path, "a,b\n1,x\n"), str(output))
    written = output.read_bytes()
    for changed in (written + b"2,y\n", written.replace(b"1.0", b"9.0")):
        output.write_bytes(changed)
        assert open_table(str(output)).receipt is None
    output.write_bytes(written)
    for text in ("[1]", '{"format": "other"}', '{"format": "zm-receipt"}'):
        (tmp_path / "out.csv.zm.json").write_text(text)
        assert open_table(str(output)).receipt is None


# Any table


CELLS = st.one_of(
    st.floats(width=64).map(repr),
    st.integers(-(10**18), 10**18).map(str),
    st.sampled_from(["", "NA", " 1.5", "2.5 ", "nan", "+3", '"', "-"]),
    st.text(alphabet='ab1,;"\n\r \té\ufeff', max_size=6),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 4))
    kinds = [draw(st.booleans()) for _ in range(width)]
    number = st.one_of(st.floats(width=64).map(repr), st.sampled_from(["", "NA", " 4 ", "nan"]))
    columns = st.tuples(*(number if numeric else CELLS for numeric in kinds))
    return [list(row) for row in draw(st.lists(columns, max_size=12))]


def expected_number(cell: str) -> float | None:
    """Python's reading of a cell, by another route than the code under test; None for text."""
    stripped = cell.strip()
    if stripped in ("", "NA", "-", "nan"):
        return math.nan
    try:
        return float(stripped)
    except ValueError:
        return None


def write_table(rows: Sequence[Sequence[str]], always: bool, end: str) -> str:
    """The table as text with quotes `always` or where they are needed."""
    header = [f"c{place}" for place in range(len(rows[0]) if rows else 2)]

    def write_cell(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if always or any(sign in cell for sign in ',"\r\n') else cell

    return "".join(",".join(map(write_cell, row)) + end for row in [header, *rows])


@SKIPPING
@given(
    rows=tables(),
    always=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 200),
)
def test_blocks_are_what_the_csv_module_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], always: bool, end: str, size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    text = write_table(rows, always, end)
    parsed = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert parsed == rows
    path = save(tmp_path, text)
    names = tuple(f"c{place}" for place in range(len(rows[0]) if rows else 2))
    source = open_table(path, columns=names)
    blocks = read_blocks(source)
    values = np.concatenate([np.empty((0, len(names))), *(block.values for block in blocks)])
    numbers = [[expected_number(cell) for cell in row] for row in parsed]
    expected = np.array(numbers, dtype=float).reshape(-1, len(names))
    np.testing.assert_array_equal(values, expected)
    rejected: dict[int, tuple[int, str]] = {}
    for block in blocks:
        for index, cell in block.rejected.items():
            rejected.setdefault(index, (cell.row, cell.value))
    bad = {}
    for place in range(len(names)):
        found = [row for row, cells in enumerate(numbers) if cells[place] is None]
        if found:
            bad[place] = (found[0] + 1, parsed[found[0]][place])
    assert rejected == bad


@SKIPPING
@given(
    rows=tables(),
    always=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 200),
)
def test_what_is_not_transformed_comes_back_cell_for_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], always: bool, end: str, size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    numbered = [[*row, f"{number}.5"] for number, row in enumerate(rows)] or [["x", "y", "0.5"]]
    output = tmp_path / "out.csv"
    name = f"c{len(numbered[0]) - 1}"
    rewrite(save(tmp_path, write_table(numbered, always, end)), str(output), columns=(name,))
    again = list(csv.reader(io.StringIO(output.read_bytes().decode(), newline="")))
    assert again[1:] == numbered


@SKIPPING
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
    rewrite(save(tmp_path, text), str(output), columns=("n",))
    again = list(csv.reader(io.StringIO(output.read_text(), newline="")))
    wanted = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[0] for row in again] == [row[0] for row in wanted]
    assert [float(row[1]) for row in again[1:]] == [float(row[1]) for row in wanted[1:]]
