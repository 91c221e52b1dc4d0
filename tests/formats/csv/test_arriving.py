"""Tables that arrive in parts: the same rows for any parts, and no waiting for more than is needed."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import sys
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.csv.tables import FLOAT64, PROPERTY, open_table
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError
from zm_cli.formats.csv.arrivals import Arrivals
from zm_cli.formats.csv.cutter import Cutter
from zm_cli.formats.csv.stream import TextStream

TABLE = (
    'x,name,y\r\n1,"two\r\nlines",2.5\r\n\r\n,Zoë,1e-3\r\n"3",日本語,NA\r\n-7,5" pipe,\r\n'
    ' 8 ,"say ""no""",12345678901234567\r\n9,a\r,10\r\n"11","x,y",-0.0\r\n12,\ufeff,13'
)
PLAIN = "x,name,y\n" + "".join(f"{number},row {number},{number / 7}\n" for number in range(40))
RETURNS = 'x,name,y\r1,"a\rb",2\r,c,3\r'
TABLES = pytest.mark.parametrize("text", [TABLE, PLAIN, RETURNS, "x,name,y\n\n\n1,,2\n\n"])


class PipeOfParts:
    """A pipe from which each read returns the next of these parts, or the start of it."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.parts = [part for part in parts if part]

    def read(self, size: int) -> bytes:
        if not self.parts:
            return b""
        part = self.parts.pop(0)
        if len(part) > size:
            self.parts.insert(0, part[size:])
        return part[:size]

    def fileno(self) -> int:
        return 0

    def close(self) -> None:
        pass


class NothingSoon:
    """Stands for Arrivals where nothing arrives shortly after something else."""

    def __init__(self, source: int) -> None:
        pass

    def watch(self, output: Any) -> None:
        pass

    def wait(self) -> None:
        pass

    def wait_at_most(self, seconds: float) -> bool:
        return False


def feed(monkeypatch: pytest.MonkeyPatch, parts: Iterable[bytes]) -> PipeOfParts:
    """Makes tables that are opened from now on come from a pipe of these parts."""
    pipe = PipeOfParts(parts)
    monkeypatch.setattr("zm_cli.formats.csv.stored.Arrivals", NothingSoon)
    monkeypatch.setattr("zm_cli.formats.csv.stream.open", lambda *_, **__: pipe, raising=False)
    return pipe


def cut(data: bytes, positions: Iterable[int]) -> list[bytes]:
    """Returns the data in parts that begin at these positions, which may be negative."""
    bounds = sorted({0, len(data), *(position % (len(data) + 1) for position in positions)})
    return [data[start:stop] for start, stop in pairwise(bounds)]


def cut_bytes(data: bytes) -> list[bytes]:
    return [data[position : position + 1] for position in range(len(data))]


def write_arriving(monkeypatch: pytest.MonkeyPatch, parts: Iterable[bytes], **options: Any) -> tuple[bytes, int]:
    """Writes a table from a pipe to standard output, its values halved; returns the output and the number of spans."""
    feed(monkeypatch, parts)
    output = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", output)
    # Statistics are applied, so that nothing is waited for that would tell what the rows hold.
    source = open_table("pipe", among=("x", "y"), delimiter=",", **options)
    sink = source.create_sink("-", WriteOptions(FLOAT64, {}))
    spans = 0
    for span in source.spans():
        block = source.read(span)
        block.values[:] /= 2
        sink.write(sink.encode(block))
        spans += 1
    sink.commit()
    return output.buffer.getvalue(), spans


POSITIONS = st.lists(st.integers(-400, 400), max_size=30)


@TABLES
@PROPERTY
@given(positions=POSITIONS)
def test_rows_are_the_same_for_any_cuts(monkeypatch: pytest.MonkeyPatch, text: str, positions: list[int]) -> None:
    data = text.encode()
    with monkeypatch.context() as patch:
        assert write_arriving(patch, cut(data, positions))[0] == write_arriving(patch, [data])[0]


@pytest.mark.parametrize(("text", "rows"), [(TABLE, 8), (PLAIN, 40), (RETURNS, 2)])
def test_every_row_is_written_as_soon_as_it_has_arrived(monkeypatch: pytest.MonkeyPatch, text: str, rows: int) -> None:
    written, spans = write_arriving(monkeypatch, cut_bytes(text.encode()))
    assert written == write_arriving(monkeypatch, [text.encode()])[0]
    assert spans >= rows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "latin-1", "shift_jis", "iso2022_kr", "hz"])
def test_text_in_any_encoding_is_the_same_for_any_cuts(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    cells = ("é", "ÿ") if encoding == "latin-1" else ("한국", "말") if "kr" in encoding else ("日本", "中")
    data = ("x,name,y\n" + "".join(f'{row},{cells[row % 2]},"{row}"\n' for row in range(9))).encode(encoding)
    options = {} if encoding.startswith("utf") else {"encoding": codecs.lookup(encoding).name}
    whole = write_arriving(monkeypatch, [data], **options)[0]
    for parts in (cut_bytes(data), cut(data, range(0, 400, 7)), data.splitlines(keepends=True)):
        assert write_arriving(monkeypatch, parts, **options)[0] == whole


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_compressed_text_is_the_same_for_any_cuts(monkeypatch: pytest.MonkeyPatch, pack: Any) -> None:
    text = TABLE.encode()
    data = pack(text[:50]) + pack(text[50:])
    whole = write_arriving(monkeypatch, [text])[0]
    for parts in ([data], cut_bytes(data), cut(data, range(0, 400, 11))):
        assert write_arriving(monkeypatch, parts)[0] == whole


@PROPERTY
@given(text=st.text(alphabet='a,"\r\n é\ufeff', max_size=60), positions=POSITIONS)
def test_pieces_are_whole_records_for_any_cuts(
    monkeypatch: pytest.MonkeyPatch, text: str, positions: list[int]
) -> None:
    def pieces_of(parts: list[bytes], terminator: bytes) -> list[Any] | str:
        feed(patch, parts)
        stream = TextStream("pipe")
        stream.prompt = True
        try:
            return list(Cutter(stream, b",", terminator, "t", single=False).cut(1000))
        except DataError as error:
            return str(error)

    data = text.encode()
    with monkeypatch.context() as patch:
        for terminator in (b"\n", b"\r\n", b"\r"):
            whole, pieces = pieces_of([data], terminator), pieces_of(cut(data, positions), terminator)
            if isinstance(whole, str) or isinstance(pieces, str):
                assert pieces == whole
                continue
            assert b"".join(piece.text for piece in pieces) == b"".join(piece.text for piece in whole)
            assert sum(piece.blank for piece in pieces) == sum(piece.blank for piece in whole)
            assert sum(piece.nbytes for piece in pieces) == (len(data) if pieces else 0)
            row = 1
            for piece in pieces:
                assert piece.first_row == row
                row += piece.rows


@pytest.mark.parametrize(
    ("header", "rest"),
    [
        (b"x\n", b"1\n"),
        (b"\n\r\nx,y\r\n", b"1,2\r\n"),
        (b"x\r1", b"\r"),
        (b"\xef\xbb\xbfx,y\n", b"1,2\n"),
        (b"x\n".decode().encode("utf-16"), "1\n".encode("utf-16-le")),
        (b'x,"two\nlines","a ""b"""\n', b"1,2,3\n"),
        (b"PK,x\n", b"1,2\n"),
        (b"BZ\n", b"1\n"),
        (b"x," + b"c" * 300_000 + b"\n", b"1,2\n"),
    ],
)
def test_the_header_is_read_without_waiting_for_more(
    monkeypatch: pytest.MonkeyPatch, header: bytes, rest: bytes
) -> None:
    parts = cut_bytes(header) if len(header) < 100 else cut(header, range(0, len(header), 4096))
    pipe = feed(monkeypatch, [*parts, rest])
    names = open_table("pipe", among=("x",) if b"x" in header else ("BZ",)).spec.names
    assert names is not None
    assert pipe.parts == [rest]


@pytest.mark.parametrize(
    ("header", "expected", "delimiter"), [("x,y;z\n", ";", ";"), ("x,y;z\n", ",", ","), ("x;z\n", ",", ";")]
)
def test_the_delimiter_of_the_statistics_settles_that_of_a_pipe(
    monkeypatch: pytest.MonkeyPatch, header: str, expected: str, delimiter: str
) -> None:
    pipe = feed(monkeypatch, [header.encode(), b"1;2\n"])
    name = "z" if delimiter == ";" else "x"
    source = open_table("pipe", among=(name,), expected={"delimiter": expected})
    assert source.spec.decoding["delimiter"] == delimiter
    assert pipe.parts == [b"1;2\n"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bytes])
def test_a_last_line_without_its_end_is_a_row(monkeypatch: pytest.MonkeyPatch, pack: Any) -> None:
    for text, lines in ((b"x,y\n1,2", 2), (b"x,y\r\n1,2\r", 2), (b"x,y\n1,2\n3,4", 3), (b"x,y\r1,2", 2)):
        written, _ = write_arriving(monkeypatch, cut_bytes(pack(text)))
        assert len(written.splitlines()) == lines
    with pytest.raises(DataError, match="is empty"):
        write_arriving(monkeypatch, [])


def test_blocks_for_a_file_depend_only_on_the_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 200)

    def blocks_of(parts: list[bytes]) -> list[bytes]:
        feed(monkeypatch, parts)
        source = open_table("pipe", columns=("x", "y"))
        sink = source.create_sink(str(tmp_path / "out.csv"), WriteOptions(FLOAT64, {}))
        texts = [span.address.text for span in source.spans()]
        sink.discard()
        return texts

    whole = blocks_of([PLAIN.encode()])
    assert len(whole) > 3
    for parts in (cut_bytes(PLAIN.encode()), PLAIN.encode().splitlines(keepends=True)):
        assert blocks_of(parts) == whole


@pytest.mark.parametrize("limit", [80, 81])
def test_the_limit_for_records_is_the_same_for_any_cuts(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr("zm_cli.formats.csv.cutter.LONGEST_RECORD", limit)
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 20)
    record = b'3,"' + b"n\n" * 37 + b'",5\n'
    assert len(record) == 81
    data = b"x,name,y\n1,a,2\n" + record
    for parts in ([data], cut_bytes(data), data.splitlines(keepends=True)):
        if limit == len(record):
            assert len(write_arriving(monkeypatch, parts)[0]) > len(record)
        else:
            with pytest.raises(DataError, match="row 2: a cell does not end within"):
                write_arriving(monkeypatch, parts)


def test_reading_ends_when_nobody_reads_the_output() -> None:
    source, feeder = os.pipe()
    reader, output = os.pipe()
    arrivals = Arrivals(source)
    with os.fdopen(output, "w") as written:
        arrivals.watch(written)
        os.write(feeder, b"x")
        arrivals.wait()
        assert arrivals.wait_at_most(0)
        os.close(reader)
        with pytest.raises(BrokenPipeError):
            arrivals.wait()
    os.close(feeder)
    os.close(source)
