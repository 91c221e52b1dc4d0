"""Files of tables: compressed, damaged, missing, or of another kind."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
import zstandard

from tests.formats.csv.tables import error_of, open_table, read_blocks, save
from zm_cli.errors import DataError, UsageError


def compress(text: bytes, name: str) -> bytes:
    """Returns the text in two frames, with a skippable frame between them for Zstandard."""
    if name.endswith(".gz"):
        return gzip.compress(text[:100]) + gzip.compress(text[100:])
    return zstandard.compress(text[:100]) + b"\x50\x2a\x4d\x18\x01\0\0\0x" + zstandard.compress(text[100:])


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst"])
def test_a_compressed_table_gives_the_same_blocks_as_a_plain_one(tmp_path: Path, tiny_pieces: None, name: str) -> None:
    text = b"a,b\n" + b"".join(b"%d,%d.5\n" % (i, i * i) for i in range(500))
    plain = open_table(save(tmp_path, text))
    # The first bytes tell the compression, not the suffix.
    for saved in (name, "misnamed.csv"):
        source = open_table(save(tmp_path, compress(text, name), saved))
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
    for position in (len(whole) // 2, len(whole) - 3, len(whole) - 7):
        damaged = whole.copy()
        damaged[position] ^= 0x55
        assert isinstance(error_of(tmp_path, bytes(damaged), name), DataError)


@pytest.mark.parametrize(
    ("head", "word"),
    [(b"PK\x03\x04", "zip"), (b"BZh9", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"PAR1\x15\4", "Parquet")],
)
def test_the_error_names_the_kind_of_another_file(tmp_path: Path, head: bytes, word: str) -> None:
    assert word in str(error_of(tmp_path, head + b"rest"))


def test_a_missing_file_or_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UsageError):
            open_table(path)
