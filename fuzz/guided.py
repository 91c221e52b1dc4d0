"""Feeds readers with input that atheris makes, guided by code coverage: `python -m fuzz.guided csv -runs=100000`.

Any exception but a ZmError is a defect; libFuzzer keeps the input that caused it. HDF5 is left out, because a crash of
its library would end the process: `python -m fuzz` damages its files.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["zm_cli"]):
    import zm_cli.data.block
    from zm_cli.data.options import ReadOptions
    from zm_cli.errors import ZmError
    from zm_cli.formats.csv.source import CsvSource
    from zm_cli.formats.images.source import ImageSource
    from zm_cli.outputs.receipt import make_receipt, parse_receipt
    from zm_cli.statsfile import reader
    from zm_cli.statsfile.store import load_stats

SUFFIXES = (".png", ".jpg", ".npy", ".tif", ".gif", ".bmp", ".webp", ".ppm")
SMALL_BLOCK, LARGE_BLOCK = 16, 8 << 20
MAX_PIXELS = 1 << 20


def read_csv(data: bytes, folder: Path) -> None:
    """Reads a table, whose values must not depend on where its blocks end."""
    path = folder / "table.csv"
    path.write_bytes(data)
    found = [_read_table(path, size) for size in (SMALL_BLOCK, LARGE_BLOCK)]
    assert found[0] == found[1], f"{found[0]} in blocks of {SMALL_BLOCK} bytes, {found[1]} as a whole"


def _read_table(path: Path, block_bytes: int) -> str:
    """Returns all values and the first cell that is not a number; "refused" for any error, because the blocks decide
    which of several errors comes first."""
    zm_cli.data.block.BLOCK_BYTES = block_bytes
    try:
        source = CsvSource(str(path), ReadOptions(columns=("n",)))
        blocks = [source.read(span) for span in source.spans()]
    except ZmError:
        return "refused"
    rejected = next((block.rejected for block in blocks if block.rejected), None)
    return f"{[row for block in blocks for row in block.values.tolist()]} {rejected}"


def read_images(data: bytes, folder: Path) -> None:
    """Reads an image or an array; the first byte chooses its suffix."""
    path = folder / f"picture{SUFFIXES[data[0] % len(SUFFIXES)] if data else '.png'}"
    path.write_bytes(data[1:])
    try:
        source = ImageSource(str(path), ReadOptions(max_pixels=MAX_PIXELS))
        for span in source.spans():
            source.read(span)
    finally:
        path.unlink()


def read_json(data: bytes, folder: Path) -> None:
    """Reads a stats file of JSON."""
    reader.read_json(data, "here")


def read_npz(data: bytes, folder: Path) -> None:
    """Reads a stats file in .npz."""
    (folder / "stats.npz").write_bytes(data)
    load_stats(str(folder / "stats.npz"))


def read_receipt(data: bytes, folder: Path) -> None:
    """Reads a receipt."""
    parse_receipt(data, damaged=True)


def seed_csv(folder: Path) -> list[bytes]:
    """Returns tables with a column `n` and all kinds of line ends."""
    return [b't,n\na,1\n"b\n",2\n', b"t;n\r\na;1\r\n;NA\r\n", b'"x""y",n\r5" p,-1e3\r']


def seed_images(folder: Path) -> list[bytes]:
    """Returns small pictures with all suffixes, each after the index of its suffix."""
    from fuzz.image_seeds import seeds

    return [
        bytes((SUFFIXES.index(suffix),)) + data
        for name, data in seeds().items()
        if (suffix := Path(name).suffix) in SUFFIXES
    ]


def seed_stats(folder: Path) -> list[bytes]:
    """Returns stats files in all their forms."""
    from fuzz.stats import make_seeds

    (folder / "seeds").mkdir()
    make_seeds(folder / "seeds")
    return [path.read_bytes() for path in sorted((folder / "seeds").iterdir()) if path.suffix != ".h5"]


def seed_receipt(folder: Path) -> list[bytes]:
    """Returns one receipt."""
    settings = {"per": "column", "unit": 1.0, "dtype": "float64"}
    return [json.dumps(make_receipt("center", inverse=False, stats="xxh3_128:0", settings=settings)).encode()]


SEEDS = {"csv": seed_csv, "images": seed_images, "json": seed_stats, "npz": seed_stats, "receipt": seed_receipt}
READERS: dict[str, Callable[[bytes, Path], None]] = {
    "csv": read_csv,
    "images": read_images,
    "json": read_json,
    "npz": read_npz,
    "receipt": read_receipt,
}


def main() -> None:
    """Runs the reader that the first argument names; the rest are libFuzzer's."""
    if len(sys.argv) < 2 or sys.argv[1] not in READERS:
        sys.exit(f"name a reader: {', '.join(READERS)}")
    name = sys.argv.pop(1)
    read = READERS[name]
    folder = Path(tempfile.mkdtemp(prefix="zm-guided-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(SEEDS[name](folder)):
        (corpus / str(number)).write_bytes(data)

    def feed(data: bytes) -> None:
        with suppress(ZmError):
            read(data, folder)

    atheris.Setup([*sys.argv, str(corpus)], feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
