"""Files read as arrays, not pictures: `.npy`, and TIFFs whose numbers or channels no picture mode can hold."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError

INSTALL = "pip install 'zm-cli[tiff]'"
PLANES = (1, 2)
"""The ways that TIFF has to store channels: side by side, or one plane after another."""


@dataclass(frozen=True, slots=True)
class ArrayType:
    """The dtype (its NumPy name) and the number of channels of an array file."""

    dtype: str
    channels: int

    def __str__(self) -> str:
        return f"{self.dtype} with {self.channels} channel{'s' * (self.channels != 1)}"


@cache
def has_tifffile() -> bool:
    """Whether the optional reader and writer of TIFF arrays is installed."""
    return find_spec("tifffile") is not None


def read_npy_header(stream: IO[bytes], nbytes: int) -> tuple[int, int, ArrayType]:
    """Height, width and type of the array in a `.npy` file of `nbytes` bytes.

    Raises ValueError where it is no array of numbers with two or three axes, or shorter than its header says.
    """
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version[0]}.{version[1]} of the .npy format is not known")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    found = _check(shape, dtype)
    if nbytes - stream.tell() < math.prod(shape) * dtype.itemsize:
        raise ValueError("it is truncated")
    return found


def read_npy(data: bytes) -> NDArray[Any]:
    """The array (H,W,C) in the bytes of a `.npy` file; raises ValueError where it is damaged."""
    # The header is checked before memory is taken for what it claims.
    read_npy_header(io.BytesIO(data), len(data))
    values: NDArray[Any] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    return values[..., np.newaxis] if values.ndim == 2 else values


def read_tiff_header(path: str) -> tuple[int, int, ArrayType]:
    """Height, width and type of the first page of the TIFF at `path`.

    Raises ValueError where it is no array of numbers (H,W) or (H,W,C), DataError where tifffile is not installed.
    """
    if not has_tifffile():
        raise DataError("is a TIFF that needs tifffile to be read", where=path, hint=INSTALL)
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        shape = tuple(page.shape)
        if page.axes == "SYX":
            shape = (*shape[1:], shape[0])
        elif page.axes not in ("YX", "YXS"):
            raise ValueError(f"a TIFF page with the axes {page.axes} is no image")
        return _check(shape, page.dtype)


def read_tiff(data: bytes) -> NDArray[Any]:
    """The first page (H,W,C) of the TIFF in these bytes; raises ValueError where it is damaged."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = tiff.pages.first
        # Where parts lack, the library makes up values, or leaves memory as it was.
        if page.planarconfig not in (None, *PLANES):
            raise ValueError(f"its planes are stored in a way that is not known ({int(page.planarconfig)})")
        if len(page.dataoffsets) < math.prod(page.chunked):
            raise ValueError(f"{len(page.dataoffsets)} of {math.prod(page.chunked)} parts are there")
        values: NDArray[Any] = page.asarray()
        if page.axes == "SYX":
            values = np.moveaxis(values, 0, -1)
    return values[..., np.newaxis] if values.ndim == 2 else values


def _check(shape: tuple[int, ...], dtype: np.dtype[Any] | None) -> tuple[int, int, ArrayType]:
    if dtype is None or dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise ValueError(f"values of dtype {dtype} are not read, only integers and floats")
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise ValueError(f"an array of shape {shape} is no image: (height, width) or (height, width, channels) is")
    height, width, *channels = map(int, shape)
    return height, width, ArrayType(dtype.newbyteorder("=").name, channels[0] if channels else 1)
