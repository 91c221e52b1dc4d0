"""NumPy files for the suite over all formats, written by NumPy itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.formats.case import FLOATS, INTEGERS, Case, average_images, average_table, draw

Write = Callable[[Path, NDArray[Any]], Path]


def write_npy(folder: Path, values: NDArray[Any]) -> Path:
    np.save(folder / "data.npy", values)
    return folder / "data.npy"


def write_fortran(folder: Path, values: NDArray[Any]) -> Path:
    np.save(folder / "data.npy", np.asfortranarray(values))
    return folder / "data.npy"


def write_npz(folder: Path, values: NDArray[Any]) -> Path:
    np.savez(folder / "data.npz", y=np.arange(len(values)), x=values)
    return folder / "data.npz"


def write_packed(folder: Path, values: NDArray[Any]) -> Path:
    np.savez_compressed(folder / "data.npz", x=values, note=np.array("kept"))
    return folder / "data.npz"


def read_npy(path: Path) -> NDArray[Any]:
    values: NDArray[Any] = np.load(path)
    return values


def read_npz(path: Path) -> NDArray[Any]:
    with np.load(path) as archive:
        values: NDArray[Any] = archive["x"]
        return values


def make_case(name: str, dtype: str, write: Write) -> Case:
    archive = write in (write_npz, write_packed)
    return Case(
        f"npy-{name}-{dtype}",
        draw((60, 5, 4, 3), dtype),
        write,
        ("channel", "pixel", "all"),
        "out.npz" if archive else "out.npy",
        read_npz if archive else read_npy,
        average_images,
    )


CASES = [
    Case("npy-table", draw((100, 5), "float64"), write_npy, ("column", "all"), "out.npy", read_npy, average_table),
    *(make_case("c", dtype, write_npy) for dtype in (*INTEGERS, *FLOATS)),
    make_case("fortran", "uint8", write_fortran),
    make_case("fortran", "float32", write_fortran),
    make_case("npz", "int16", write_npz),
    make_case("packed", "float32", write_packed),
]
