"""Reads files as arrays and not as pictures: `.npy`, and TIFFs whose values or channels no picture mode can hold."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.formats.images.meaning import Meaning, apply_meaning, find_meaning, invert
from zm_cli.formats.images.tiff import Page, walk_pages
from zm_cli.formats.images.turning import turn_array
from zm_cli.formats.shared.npy_header import NpyHeader, read_npy_header

INSTALL = "pip install tifffile"
_PLANAR_CONFIGURATIONS = (1, 2)
"""The ways in which TIFF stores channels: interleaved pixel by pixel, or one plane after another."""


@dataclass(frozen=True, slots=True)
class ArrayType:
    """The dtype (its NumPy name, in native byte order) and the number of channels of an array file."""

    dtype: str
    channels: int

    def __str__(self) -> str:
        return f"{self.dtype} with {self.channels} channel{'s' * (self.channels != 1)}"


@cache
def has_tifffile() -> bool:
    """Returns whether the optional reader and writer of TIFF arrays is installed."""
    return find_spec("tifffile") is not None


def is_image_array(path: Path) -> bool:
    """Returns whether the `.npy` file at `path` may be one image:
    not if its header has fewer than two or more than three axes."""
    if not path.is_file():
        return True
    try:
        with path.open("rb") as stream:
            return len(read_npy_header(stream).shape) in (2, 3)
    except (OSError, ValueError):
        return True


def read_npy_type(stream: IO[bytes], nbytes: int) -> tuple[int, int, ArrayType]:
    """Returns the height, width and type of the array in a `.npy` file of `nbytes` bytes.

    Raises ValueError if it is not an array of numbers (H,W) or (H,W,C), or is shorter than its header says.
    """
    header = _read_npy_header(stream, nbytes)
    return _describe(header.shape, header.dtype)


def read_npy(data: bytes) -> NDArray[Any]:
    """Returns the array (H,W,C) in the bytes of a `.npy` file, as a read-only view of them.

    Raises ValueError if it is damaged.
    """
    stream = io.BytesIO(data)
    values = _read_npy_header(stream, len(data)).as_array(data, stream.tell())
    return values[..., np.newaxis] if values.ndim == 2 else values


def _read_npy_header(stream: IO[bytes], nbytes: int) -> NpyHeader:
    """Returns the header of an array that can be an image; the stream is left at the first byte of its data."""
    header = read_npy_header(stream)
    _describe(header.shape, header.dtype)
    if nbytes - stream.tell() < header.nbytes:
        raise ValueError("it is truncated")
    return header


@dataclass(frozen=True, slots=True)
class TiffType:
    """The height, width and type of a TIFF page as it is stored, and what its channels mean."""

    height: int
    width: int
    stored: ArrayType
    meaning: Meaning


def read_tiff_type(stream: IO[bytes], page: Page, path: str) -> TiffType:
    """Returns the type of `page`, the first page of the TIFF in `stream`.

    Raises ValueError if it is not an array of numbers (H,W) or (H,W,C), DataError if tifffile is not installed.
    """
    if not has_tifffile():
        raise DataError("is a TIFF that needs tifffile to be read", where=path, hint=INSTALL)
    import tifffile

    with tifffile.TiffFile(stream) as tiff:
        found = tiff.pages.first
        shape = tuple(found.shape)
        if found.axes == "SYX":
            shape = (*shape[1:], shape[0])
        elif found.axes not in ("YX", "YXS"):
            raise ValueError(f"a TIFF page with the axes {found.axes} is not an image")
        height, width, stored = _describe(shape, found.dtype)
        return TiffType(height, width, stored, find_meaning(page, np.dtype(stored.dtype), stored.channels))


def read_tiff(stream: IO[bytes], *, as_stored: bool, upright: bool) -> NDArray[Any]:
    """Returns the first page (H,W,C) of the TIFF in `stream`, with its stored channels converted to what they mean.

    With `as_stored`, all channels are left as they are stored, except that white is never zero; with `upright`, the
    image is turned as its orientation says. Raises one of `pictures.broken()` if it is damaged.
    """
    import tifffile

    tags = next(walk_pages(stream))
    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        page = tiff.pages.first
        # For missing strips or tiles, tifffile invents values or returns uninitialized memory.
        if page.planarconfig not in (None, *_PLANAR_CONFIGURATIONS):
            raise ValueError(f"its channels are stored in an unknown way ({int(page.planarconfig)})")
        if len(page.dataoffsets) < math.prod(page.chunked):
            raise ValueError(f"it holds {len(page.dataoffsets)} of {math.prod(page.chunked)} strips or tiles")
        values: NDArray[Any] = page.asarray()
        if page.axes == "SYX":
            values = np.moveaxis(values, 0, -1)
        colours = page.colormap
    values = values[..., np.newaxis] if values.ndim == 2 else values
    meaning = find_meaning(tags, values.dtype, values.shape[2])
    if not as_stored:
        values = apply_meaning(values, meaning, colours)
    elif meaning.white:
        values = invert(values, meaning.white)
    return turn_array(values, tags.orientation) if upright else values


def _describe(shape: tuple[int, ...], dtype: np.dtype[Any] | None) -> tuple[int, int, ArrayType]:
    """Returns the height, width and type of an array; raises ValueError if it is not one of numbers
    (H,W) or (H,W,C)."""
    if dtype is None or dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise ValueError(f"values of dtype {dtype} are not read, only integers and floats of up to 8 bytes")
    if len(shape) not in (2, 3):
        raise ValueError(f"it has {len(shape)} axes: an image has height and width, or height, width and channels")
    if min(shape) < 1:
        raise ValueError(f"an array of shape {shape} has no values")
    height, width, *channels = map(int, shape)
    return height, width, ArrayType(dtype.newbyteorder("=").name, channels[0] if channels else 1)
