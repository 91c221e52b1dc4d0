"""HDF5 files for the suite over all formats, written by h5py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from tests.formats.case import FLOATS, INTEGERS, Case, average_images, draw


def write(folder: Path, values: NDArray[Any]) -> Path:
    with h5py.File(folder / "data.h5", "w") as file:
        file.create_dataset("x", data=values, chunks=(min(7, len(values)), *values.shape[1:]), compression="gzip")
    return folder / "data.h5"


def read(path: Path) -> NDArray[Any]:
    with h5py.File(path) as file:
        values: NDArray[Any] = file["x"][()]
        return values


CASES = [
    Case(
        f"hdf5-{dtype}",
        draw((60, 5, 4, 3), dtype),
        write,
        ("channel", "pixel", "all"),
        "out.h5",
        read,
        average_images,
    )
    for dtype in (*INTEGERS, *FLOATS)
]
