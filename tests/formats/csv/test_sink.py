"""CsvSink: untouched text, numbers, compression, and the receipt beside the output."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xxhash
import zstandard

from tests.formats.csv.tables import FLOAT64, RECEIPT, open_table, read_values, rewrite, rewritten, save
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.outputs.receipt import OF_OTHER_DATA
from zm_cli.pipeline.applying.output import create_sink


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
        rewrite(path, output)
    first, second = (output.read_bytes() for output in outputs)
    assert first == second
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(first) if "zst" in suffix else unpack(first)
    assert plain == text.encode()
    assert read_values(open_table(outputs[0])).tolist() == [[i] for i in range(1000)]


@pytest.mark.parametrize("name", ["out.h5", "out.npy", "out.xlsx", "out.csv.bz2", "out.png", "folder/", "out.tsv"])
def test_an_output_name_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    source = open_table(save(tmp_path, "a,b\n1,x\n"))
    with pytest.raises(UsageError):
        create_sink(source, f"{tmp_path}/{name}", WriteOptions(FLOAT64, RECEIPT))
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_nothing_appears_before_commit_and_nothing_is_left_after_discard(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "a,b\n1,x\n"))
    output = tmp_path / "out.csv"
    sink = source.create_sink(str(output), WriteOptions(FLOAT64, RECEIPT))
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


def test_a_closed_pipe_raises_broken_pipe_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as pipe:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(pipe)))
        with pytest.raises(BrokenPipeError):
            rewrite(save(tmp_path, "a,b\n" + "1,x\n" * 10_000), "-")
        monkeypatch.undo()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr(sys, "stdout", type("Full", (), {"buffer": full}))
        with pytest.raises(DataError, match="No space left"):
            rewrite(save(tmp_path, "a,b\n1,x\n"), "-")


def test_the_receipt_is_beside_the_output_and_is_found_again(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    rewrite(save(tmp_path, "a,b\n1,x\n"), output)
    written = json.loads((tmp_path / "out.csv.zm.json").read_text())
    data = output.read_bytes()
    layout = {"delimiter": ",", "header": True, "decimal": "."}
    assert written == {
        **RECEIPT,
        **layout,
        "output": {"bytes": len(data), "xxh3_128": xxhash.xxh3_128(data).hexdigest()},
    }
    assert open_table(output).receipt == written


def test_a_receipt_of_other_bytes_or_of_another_kind_is_not_believed(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    rewrite(save(tmp_path, "a,b\n1,x\n"), output)
    written = output.read_bytes()
    for changed in (written + b"2,y\n", written.replace(b"1.0", b"9.0")):
        output.write_bytes(changed)
        assert open_table(output).receipt is OF_OTHER_DATA
    output.write_bytes(written)
    for text, found in (("[1]", None), ('{"format": "other"}', None), ('{"format": "zm-receipt"}', OF_OTHER_DATA)):
        (tmp_path / "out.csv.zm.json").write_text(text)
        assert open_table(output).receipt is found
