"""Parts of a table: even by bytes, whatever its text is like; written, they are the text of the whole when joined."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.csv.tables import FLOAT64, PROPERTY, RECEIPT, open_table, read_blocks, read_values, save
from tests.systems import needs_fifo
from zm_cli.data import block
from zm_cli.data.shard import Shard
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.outputs.shard_record import add_to_shard, record_shard
from zm_cli.pipeline.applying.join import join_parts
from zm_cli.pipeline.applying.output import create_sink

PLAIN = "id,x\n" + "".join(f"n{number},{number}.5\n" for number in range(30))
TABLES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "plain": (PLAIN.encode(), {}),
    "without the last line end": (PLAIN.rstrip().encode(), {}),
    "CRLF": (PLAIN.replace("\n", "\r\n").encode(), {}),
    "without a header": (PLAIN.removeprefix("id,x\n").encode(), {"header": False}),
    "quoted lines": (b"id,x\n" + b'"two\nlines, and ""quotes""",1.5\nplain,2.5\n' * 20, {}),
    "stray quotes": (b"id,x\n" + b'5" pipe,1.5\n"a,b",2.5\n' * 20, {}),
    "blank lines": (b"id,x\n" + b"a,1.5\n\n\n\nb,2.5\n" * 15, {}),
    "comments": (b"# made\nid,x\n" + b"a,1.5\n# said\nb,2.5\n" * 15, {"comment": "#"}),
    "a preamble": (b"made by hand\non Monday\n" + PLAIN.encode(), {"skip_rows": 2}),
    "a byte order mark": (b"\xef\xbb\xbf" + PLAIN.encode(), {}),
    "UTF-16": ("é".join(["\ufeff" + PLAIN[:2], PLAIN[2:]]).encode("utf-16-le"), {}),
    "Latin-1": (PLAIN.replace("n", "é").encode("latin-1"), {"encoding": "latin-1"}),
    "gzip": (gzip.compress(PLAIN.encode()), {}),
    "Zstandard": (zstandard.compress(PLAIN.encode()), {}),
    "one long row": (b"id,x\n" + b"a,1.5\n" * 3 + b"a" * 400 + b",2.5\n" + b"b,3.5\n" * 3, {}),
    "no rows": (b"id,x\n", {"columns": ("x",)}),
}


def write_part(path: Path, output: Path, shard: Shard | None, **options: Any) -> None:
    """Writes the rows of a table, or of one part, as they are."""
    source = open_table(path, **({} if shard is None else {"shard": shard}), **options)
    receipt = {**RECEIPT, **record_shard(shard, source.receipt, str(path))}
    sink = create_sink(source, str(output), WriteOptions(FLOAT64, receipt))
    for span in source.spans():
        sink.write(sink.encode(source.read(span)))
    sink.commit()


def write_all(path: Path, number: int, **options: Any) -> list[Path]:
    parts = [path.with_name(f"part{index}.csv") for index in range(1, number + 1)]
    for index, part in enumerate(parts, start=1):
        write_part(path, part, Shard(index, number), **options)
    return parts


@pytest.mark.parametrize(("text", "options"), TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("nbytes", [40, 8 << 20])
def test_parts_one_after_another_are_the_text_of_the_whole(
    tmp_path: Path, text: bytes, options: dict[str, Any], nbytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", nbytes)
    path, whole, joined = save(tmp_path, text), tmp_path / "whole.csv", tmp_path / "joined.csv"
    write_part(path, whole, None, **options)
    for number in (1, 7):
        parts = write_all(path, number, **options)
        assert b"".join(part.read_bytes() for part in parts) == whole.read_bytes()
    join_parts(list(map(str, parts)), str(joined))
    assert joined.read_bytes() == whole.read_bytes()
    assert Path(f"{joined}.zm.json").read_bytes() == Path(f"{whole}.zm.json").read_bytes()


@pytest.mark.parametrize(("text", "options"), TABLES.values(), ids=TABLES)
def test_a_later_part_is_read_with_the_names_of_the_first(tmp_path: Path, text: bytes, options: dict[str, Any]) -> None:
    path = save(tmp_path, text)
    parts = write_all(path, 2, **options)
    values = [read_values(open_table(path, **options))]
    # Statistics of the whole table say what it began with; Latin-1 has no mark in any part.
    replayed = {name: value for name, value in options.items() if name not in ("encoding", "comment")}
    replayed |= {} if "header" in options else {"header": True}
    for part in filter(os.path.getsize, parts[1:]):
        for again in ({"header": options["header"]} if "header" in options else {}, replayed):
            source = open_table(part, **again)
            assert source.spec.names == open_table(path, **options).spec.names
            assert source.spec.decoding["header"] is options.get("header", True)
            rows = read_values(source)
            np.testing.assert_array_equal(rows, values[0][len(values[0]) - len(rows) :])


def test_a_part_of_a_part_keeps_its_place(tmp_path: Path) -> None:
    path = save(tmp_path, PLAIN)
    parts = write_all(path, 3)
    again = [tmp_path / f"again{index}.csv" for index in range(3)]
    for part, output in zip(parts, again, strict=True):
        # Written once more, as an inverse is.
        write_part(part, output, None)
        assert output.read_bytes() == part.read_bytes()
        assert (
            json.loads(Path(f"{output}.zm.json").read_text())["shard"]
            == json.loads(Path(f"{part}.zm.json").read_text())["shard"]
        )
    join_parts(list(map(str, again)), str(tmp_path / "joined.csv"))
    assert (tmp_path / "joined.csv").read_text() == PLAIN


def test_a_row_belongs_to_the_part_in_whose_bytes_it_begins(tmp_path: Path) -> None:
    rows = [b"a" * length + b",1.5\n" for length in (1, 50, 3, 3, 200, 1, 1, 1, 90, 4)]
    path = save(tmp_path, b"id,x\n" + b"".join(rows))
    size, starts = sum(map(len, rows)), [sum(map(len, rows[:index])) for index in range(len(rows))]
    for number in (1, 2, 3, 5, 40):
        for index in range(1, number + 1):
            low, high = size * (index - 1) // number, size * index // number
            expected = [row + 1 for row, start in enumerate(starts) if low <= start < high]
            blocks = read_blocks(open_table(path, shard=Shard(index, number)))
            assert [row for each in blocks for row in each.numbers or ()] == expected


@given(st.lists(st.sampled_from(["a", "bb" * 20, '"q"', '"x\ny"', '5"', "", '"', '"""', "é"])), st.integers(1, 5))
@PROPERTY
def test_any_rows_are_in_one_part_each(tmp_path: Path, cells: list[str], number: int) -> None:
    path = save(tmp_path, "id,x\n" + "".join(f"{cell},{row}.5\n" for row, cell in enumerate(cells)) + "end,0.5\n")
    for nbytes in (30, 200):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(block, "BLOCK_BYTES", nbytes)
            options = {"columns": ("x",), "on_error": "skip"}
            try:
                whole = read_values(open_table(path, **options)).tolist()
            except DataError:
                # Most of its first rows cannot be read.
                return
            shards = [Shard(index, number) for index in range(1, number + 1)]
            parts = [read_values(open_table(path, shard=shard, **options)).tolist() for shard in shards]
            assert [row for part in parts for row in part] == whole


def test_nothing_is_read_after_a_part(tmp_path: Path, tiny_pieces: None) -> None:
    path = save(tmp_path, PLAIN + "bad,row,here\n")
    assert len(read_values(open_table(path, shard=Shard(1, 2)))) == 17
    with pytest.raises(DataError, match="row 31"):
        read_values(open_table(path, shard=Shard(2, 2)))


def test_rows_are_named_by_their_number_in_the_table(tmp_path: Path, tiny_pieces: None) -> None:
    path = save(tmp_path, PLAIN.replace("29.5", "29.5,more"))
    with pytest.raises(DataError, match="row 30"):
        read_values(open_table(path, shard=Shard(3, 3)))
    source = open_table(path, shard=Shard(3, 3), on_error="skip")
    assert [skipped.name for each in read_blocks(source) for skipped in each.skipped] == ["row 30"]


@needs_fifo
def test_a_pipe_is_not_cut(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    descriptor = os.open(tmp_path / "pipe.csv", os.O_RDWR)
    os.write(descriptor, PLAIN.encode())
    with pytest.raises(UsageError, match="cannot be cut out of a pipe") as caught:
        open_table(tmp_path / "pipe.csv", shard=Shard(1, 2), header=True, delimiter=",")
    os.close(descriptor)
    assert caught.value.hint == "save the table to a file first"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_parts_are_joined_as_their_text(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path, PLAIN)
    names = [tmp_path / f"part{index}.csv{suffix}" for index in (1, 2)]
    for index, name in enumerate(names, start=1):
        write_part(path, name, Shard(index, 2))
    cat = tmp_path / f"cat.csv{suffix}"
    cat.write_bytes(b"".join(name.read_bytes() for name in names))
    for output in (tmp_path / f"joined.csv{suffix}", tmp_path / "joined.csv"):
        join_parts(list(map(str, names)), str(output))
        np.testing.assert_array_equal(read_values(open_table(output)), read_values(open_table(path)))
    assert (tmp_path / "joined.csv").read_text() == PLAIN
    np.testing.assert_array_equal(read_values(open_table(cat)), read_values(open_table(path)))


def test_a_receipt_keeps_what_was_known_of_the_parts() -> None:
    receipt = {"shard": {"index": 2, "of": 3, "total": 10}}
    assert add_to_shard(receipt, axis=0, total=4)["shard"] == {"index": 2, "of": 3, "axis": 0, "total": 10}
    assert add_to_shard({}, axis=0, total=4) == {}
