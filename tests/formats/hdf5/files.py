"""HDF5 files for the tests of this folder, written with h5py itself, and the usual ways to read and rewrite them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from zm_cli.data import block
from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import ZmError
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.output import create_sink

RECEIPT = {"format": "zm-receipt", "version": 1, "operation": "center"}
VALUES = np.arange(40, dtype="<u2").reshape(8, 5)
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"compression": "gzip"},
    {"compression": "gzip", "compression_opts": 9, "shuffle": True},
)
"""What is decoded and encoded without the library."""
OTHER_FILTERS: tuple[dict[str, Any], ...] = (
    {"shuffle": True},
    {"compression": "lzf", "shuffle": True},
    {"compression": "gzip", "compression_opts": 0},
    {"compression": "gzip", "fletcher32": True},
)


def draw(shape: tuple[int, ...], dtype: str = "u1", seed: int = 7) -> NDArray[Any]:
    """Integers from 0 to 99."""
    return np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)


def save(tmp_path: Path, name: str = "data.h5", /, **datasets: Any) -> str:
    """Returns a file with these datasets."""
    with h5py.File(tmp_path / name, "w") as file:
        for key, values in datasets.items():
            file[key] = values
    return str(tmp_path / name)


def save_x(tmp_path: Path, values: NDArray[Any], name: str = "data.h5", **storage: Any) -> str:
    """Returns a file with one dataset x, stored in this way."""
    opening = {key: storage.pop(key) for key in ("libver", "userblock_size") if key in storage}
    with h5py.File(tmp_path / name, "w", **opening) as file:
        file.create_dataset("x", data=values, **storage)
    return str(tmp_path / name)


def put_virtual(group: Any, name: str, filename: str, source: str) -> None:
    """A virtual dataset of the shape of VALUES."""
    layout = h5py.VirtualLayout(VALUES.shape, "<u2")
    layout[:] = h5py.VirtualSource(filename, source, VALUES.shape)
    group.create_virtual_dataset(name, layout)


def set_block_bytes(monkeypatch: pytest.MonkeyPatch, nbytes: int) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", nbytes)


def open_data(path: str | Path, **options: Any) -> Source:
    return open_source(str(path), ReadOptions(**options), "hdf5")


def read_blocks(source: Source) -> list[Block]:
    blocks = [source.read(span) for span in source.spans()]
    source.close()
    return blocks


def read_values(source: Source) -> NDArray[Any]:
    return np.concatenate([one.values for one in read_blocks(source)])


def error_of(path: str | Path, **options: Any) -> ZmError:
    """Returns the error that ends opening or reading the file, in one line."""
    with pytest.raises(ZmError) as caught:
        read_blocks(open_data(path, **options))
    assert "\n" not in str(caught.value)
    return caught.value


def rewrite(path: str | Path, output: Path, dtype: str = "f4", threads: int = 1, **options: Any) -> list[str]:
    """Writes the file to `output` with 0.5 added to every value; returns the notes."""
    source = open_data(path, **options)
    sink = create_sink(source, str(output), WriteOptions(np.dtype(dtype), RECEIPT))
    blocks = [replace(one, values=one.values.astype("f8") + 0.5) for one in read_blocks(source)]
    with ThreadPoolExecutor(threads) as pool:
        for encoded in pool.map(sink.encode, blocks):
            sink.write(encoded)
    sink.commit()
    return sink.notes
