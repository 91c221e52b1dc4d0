"""CsvSource: spec, facts, pipes, threads and pickling."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.formats.csv.tables import FLOAT64, open_table, read_blocks, read_values, rewritten, save
from tests.systems import needs_fifo
from zm_cli.data.source import Source
from zm_cli.errors import UsageError


def test_the_spec_names_the_numeric_columns_in_order(tmp_path: Path) -> None:
    spec = open_table(save(tmp_path, "id,b,a\nx1,1,2\nx2,3,4\n")).spec
    assert (spec.kind, spec.axes, spec.sample_shape, spec.dtype, spec.names) == ("csv", "NC", (2,), FLOAT64, ("b", "a"))
    assert spec.named is False
    layout = {"delimiter": ",", "header": True, "decimal": ".", "skip_rows": 0, "comment": None}
    assert json.loads(json.dumps(spec.decoding)) == {"null_values": [], **layout}


def test_facts_describe_the_layout(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "a,b\r\n\r\n"])
def test_a_header_alone_has_no_rows_and_is_written_back(tmp_path: Path, text: str) -> None:
    source = open_table(save(tmp_path, text))
    assert source.spec.names == ("a", "b")
    assert len(read_values(source)) == 0
    assert rewritten(tmp_path, text).splitlines() == [b"a,b"]


def test_several_threads_read_the_same_as_one(tmp_path: Path, tiny_pieces: None) -> None:
    text = "a,b,c\n" + "".join(f"{i},{'NA' if i % 7 == 0 else i},{'x' if i > 150 else i}\n" for i in range(300))
    path = save(tmp_path, text)
    alone = read_blocks(open_table(path))
    source = open_table(path)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(source.read, reversed(list(source.spans()))))[::-1]
    assert [block.values.tobytes() for block in alone] == [block.values.tobytes() for block in together]
    assert [block.rejected for block in alone] == [block.rejected for block in together]
    assert [block.digest for block in alone] == [block.digest for block in together]


def test_a_source_pickles_with_its_spans(tmp_path: Path, tiny_pieces: None) -> None:
    source = open_table(save(tmp_path, "a,b\n" + "x,1.5\n" * 30))
    span = list(source.spans())[2]
    copy: Source = pickle.loads(pickle.dumps(source))
    assert copy.spec == source.spec
    assert copy.read(pickle.loads(pickle.dumps(span))).values.tolist() == source.read(span).values.tolist()
    assert len(list(copy.spans())) == len(list(source.spans()))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("options", [{}, {"columns": ("b",)}])
def test_standard_input_is_read_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_pieces: None, pack: Any, options: dict[str, Any]
) -> None:
    text = b"a,b\n" + b"".join(b"x,%d\n" % i for i in range(50))
    (tmp_path / "piped").write_bytes(pack(text))
    monkeypatch.setattr(sys, "stdin", (tmp_path / "piped").open())
    source = open_table("-", **options)
    assert source.one_pass
    assert source.nbytes == 0
    assert source.receipt is None
    assert read_values(source).tolist() == [[i] for i in range(50)]
    with pytest.raises(UsageError, match="only once"):
        list(source.spans())


@needs_fifo
def test_a_named_pipe_is_read_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    text = b"a,b\n" + b"".join(b"x,%d\n" % i for i in range(50_000))
    writer = threading.Thread(target=path.write_bytes, args=(text,))
    writer.start()
    source = open_table(path)
    values = read_values(source)
    writer.join()
    assert source.one_pass
    assert values[:, 0].tolist() == list(range(50_000))
