"""Tables as they arrive: the same rows for any cuts, the header from no more than itself, blocks by the data alone."""

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

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError
from zm_cli.formats.csv import FORMAT
from zm_cli.formats.csv.arrivals import Arrivals
from zm_cli.formats.csv.records import Cutter
from zm_cli.formats.csv.stream import TextStream

SKIPPING = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TABLE = (
    'x,name,y\r\n1,"two\r\nlines",2.5\r\n\r\n,Zoë,1e-3\r\n"3",日本語,NA\r\n-7,5" pipe,\r\n'
    ' 8 ,"say ""no""",12345678901234567\r\n9,a\r,10\r\n"11","x,y",-0.0\r\n12,\ufeff,13'
)
PLAIN = "x,name,y\n" + "".join(f"{number},row {number},{number / 7}\n" for number in range(40))
RETURNS = 'x,name,y\r1,"a\rb",2\r,c,3\r'
TABLES = pytest.mark.parametrize("text", [TABLE, PLAIN, RETURNS, "x,name,y\n\n\n1,,2\n\n"])


class Cuts:
    """A pipe from which each read gives one of these parts, or the start of it."""

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


class NeverMore:
    """Arrivals of which none comes soon after another."""

    def __init__(self, source: int) -> None:
        pass

    def watch(self, output: Any) -> None:
        pass

    def wait(self) -> None:
        pass

    def come_within(self, seconds: float) -> bool:
        return False


def feed(monkeypatch: pytest.MonkeyPatch, parts: Iterable[bytes]) -> Cuts:
    """Has the next table that is opened read from a pipe of these parts."""
    pipe = Cuts(parts)
    monkeypatch.setattr("zm_cli.formats.csv.stored.Arrivals", NeverMore)
    monkeypatch.setattr("zm_cli.formats.csv.stream.open", lambda *_, **__: pipe, raising=False)
    return pipe


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The data in parts that begin at these places, counted from either end."""
    bounds = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in pairwise(bounds)]


def each_byte(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


def write_arriving(monkeypatch: pytest.MonkeyPatch, parts: Iterable[bytes], **options: Any) -> tuple[bytes, int]:
    """What comes to standard output of a table in a pipe, its features halved, and from how many spans."""
    feed(monkeypatch, parts)
    output = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", output)
    source = FORMAT.open("pipe", ReadOptions(columns=("x", "y"), delimiter=",", **options))
    sink = FORMAT.create(source, "-", WriteOptions(np.dtype(np.float64), {}))
    spans = 0
    for span in source.spans():
        block = source.read(span)
        block.values[:] /= 2
        sink.write(sink.encode(block))
        spans += 1
    sink.commit()
    return output.buffer.getvalue(), spans


PLACES = st.lists(st.integers(-400, 400), max_size=30)


@TABLES
@SKIPPING
@given(places=PLACES)
def test_rows_are_the_same_for_any_cuts(monkeypatch: pytest.MonkeyPatch, text: str, places: list[int]) -> None:
    data = text.encode()
    with monkeypatch.context() as patch:
        assert write_arriving(patch, cut(data, places))[0] == write_arriving(patch, [data])[0]


@pytest.mark.parametrize(("text", "rows"), [(TABLE, 8), (PLAIN, 40), (RETURNS, 2)])
def test_every_row_is_written_when_it_is_there(monkeypatch: pytest.MonkeyPatch, text: str, rows: int) -> None:
    written, spans = write_arriving(monkeypatch, each_byte(text.encode()))
    assert written == write_arriving(monkeypatch, [text.encode()])[0]
    assert spans >= rows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "latin-1", "shift_jis", "iso2022_kr", "hz"])
def test_text_in_any_encoding_is_the_same_for_any_cuts(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    cells = ("é", "ÿ") if encoding == "latin-1" else ("한국", "말") if "kr" in encoding else ("日本", "中")
    data = ("x,name,y\n" + "".join(f'{row},{cells[row % 2]},"{row}"\n' for row in range(9))).encode(encoding)
    options = {} if encoding.startswith("utf") else {"encoding": codecs.lookup(encoding).name}
    whole = write_arriving(monkeypatch, [data], **options)[0]
    for parts in (each_byte(data), cut(data, range(0, 400, 7)), data.splitlines(keepends=True)):
        assert write_arriving(monkeypatch, parts, **options)[0] == whole


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_compressed_text_is_the_same_for_any_cuts(monkeypatch: pytest.MonkeyPatch, pack: Any) -> None:
    text = TABLE.encode()
    data = pack(text[:50]) + pack(text[50:])
    whole = write_arriving(monkeypatch, [text])[0]
    for parts in ([data], each_byte(data), cut(data, range(0, 400, 11))):
        assert write_arriving(monkeypatch, parts)[0] == whole


@SKIPPING
@given(text=st.text(alphabet='a,"\r\n é\ufeff', max_size=60), places=PLACES)
def test_pieces_are_whole_records_for_any_cuts(monkeypatch: pytest.MonkeyPatch, text: str, places: list[int]) -> None:
    def pieces_of(parts: list[bytes], terminator: bytes) -> list[Any] | str:
        feed(patch, parts)
        stream = TextStream("pipe")
        stream.prompt = True
        try:
            return list(Cutter(stream, b",", terminator, "t", single=False).pieces(1000))
        except DataError as error:
            return str(error)

    data = text.encode()
    with monkeypatch.context() as patch:
        for terminator in (b"\n", b"\r\n", b"\r"):
            whole, pieces = pieces_of([data], terminator), pieces_of(cut(data, places), terminator)
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
def test_the_header_is_told_from_no_more_than_itself(
    monkeypatch: pytest.MonkeyPatch, header: bytes, rest: bytes
) -> None:
    parts = each_byte(header) if len(header) < 100 else cut(header, range(0, len(header), 4096))
    pipe = feed(monkeypatch, [*parts, rest])
    names = FORMAT.open("pipe", ReadOptions(columns=("x",) if b"x" in header else ("BZ",))).spec.names
    assert names is not None
    assert pipe.parts == [rest]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, bytes])
def test_a_last_line_without_its_end_is_a_row(monkeypatch: pytest.MonkeyPatch, pack: Any) -> None:
    for text, lines in ((b"x,y\n1,2", 2), (b"x,y\r\n1,2\r", 2), (b"x,y\n1,2\n3,4", 3), (b"x,y\r1,2", 2)):
        written, _ = write_arriving(monkeypatch, each_byte(pack(text)))
        assert len(written.splitlines()) == lines
    with pytest.raises(DataError, match="is empty"):
        write_arriving(monkeypatch, [])


def test_blocks_for_a_file_are_cut_by_the_data_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 200)

    def blocks_of(parts: list[bytes]) -> list[bytes]:
        feed(monkeypatch, parts)
        source = FORMAT.open("pipe", ReadOptions(columns=("x", "y")))
        sink = FORMAT.create(source, str(tmp_path / "out.csv"), WriteOptions(np.dtype(np.float64), {}))
        texts = [span.address.text for span in source.spans()]
        sink.discard()
        return texts

    whole = blocks_of([PLAIN.encode()])
    assert len(whole) > 3
    for parts in (each_byte(PLAIN.encode()), PLAIN.encode().splitlines(keepends=True)):
        assert blocks_of(parts) == whole


@pytest.mark.parametrize("limit", [80, 81])
def test_the_longest_record_is_as_long_for_any_cuts(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr("zm_cli.formats.csv.records.LONGEST_RECORD", limit)
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 20)
    record = b'3,"' + b"n\n" * 37 + b'",5\n'
    assert len(record) == 81
    data = b"x,name,y\n1,a,2\n" + record
    for parts in ([data], each_byte(data), data.splitlines(keepends=True)):
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
        assert arrivals.come_within(0)
        os.close(reader)
        with pytest.raises(BrokenPipeError):
            arrivals.wait()
    os.close(feeder)
    os.close(source)
