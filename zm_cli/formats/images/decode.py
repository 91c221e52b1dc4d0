"""Decodes the bytes of one file to pixels of the mode, size and rotation that were asked for."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import BYTE_VALUES
from zm_cli.formats.images import arrays, png
from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.pictures import open_picture, orientation
from zm_cli.formats.images.suffixes import ARRAY as NPY
from zm_cli.formats.images.suffixes import suffix_of

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

_TURNED = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Decoding:
    """The choices that decide the values: the resolved mode, (width, height) to resize to, and the EXIF rotation."""

    mode: str
    resize: tuple[int, int] | None
    exif: bool

    def size(self, width: int, height: int, turn: int) -> tuple[int, int]:
        """Width and height after these choices of an image with this size and EXIF orientation in its header."""
        if self.resize:
            return self.resize
        return (height, width) if self.exif and turn in _TURNED else (width, height)


def decode(data: bytes, name: str, decoding: Decoding, out: NDArray[Any]) -> None:
    """Fills `out` (H,W,C) with the pixels of the file `name` that holds `data`.

    Raises one of `broken()` where they cannot be decoded, ValueError where their shape is not that of `out`.
    """
    if decoding.mode == ARRAY:
        values = arrays.read_npy(data) if suffix_of(name) == NPY else arrays.read_tiff(data)
        if values.shape != out.shape:
            raise ValueError(f"its shape {values.shape} is not {out.shape} as its header said")
        out[...] = values
        return
    with closing(_decode_picture(data, decoding, out.shape[:2])) as picture:
        _copy(picture, out)


def count_values(data: bytes, decoding: Decoding, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """How often each of the 256 values occurs in each channel of a picture of 8 bits, counted in C: (C,256).

    Raises as `decode` does.
    """
    with closing(_decode_picture(data, decoding, shape[:2])) as picture:
        return np.array(picture.histogram(), np.int64).reshape(shape[2], BYTE_VALUES)


def _decode_picture(data: bytes, decoding: Decoding, size: tuple[int, ...]) -> Image:
    from PIL import Image

    picture: Image.Image | None = png.decode_plain(data)
    if picture is None:
        opened = open_picture(io.BytesIO(data))
        turn = orientation(opened) if decoding.exif else 1
        opened.load()
        picture = opened.transpose(_transposes()[turn]) if turn != 1 else opened
    if picture.mode != decoding.mode:
        picture = _convert(picture, decoding.mode)
    if decoding.resize and picture.size != decoding.resize:
        picture = picture.resize(decoding.resize, Image.Resampling.BILINEAR)
    if (picture.height, picture.width) != size:
        raise ValueError(f"its size is not {size[1]}x{size[0]} as its header said")
    return picture


def _convert(picture: Image, mode: str) -> Image:
    if picture.mode.startswith("I;16") and picture.mode != "I;16":
        # Another byte order. Pillow turns it into I whole, but into I;16 by way of 8 bits.
        picture = picture.convert("I")
    if picture.mode == mode or (picture.mode == "I" and mode == "I;16"):
        # A 16-bit gray file that is wide by now: its values fit, and are narrowed when they are copied.
        return picture
    if picture.mode == "La":
        picture = picture.convert("LA")
    elif picture.mode == "LAB":
        picture = picture.convert("RGB")
    elif mode == "I;16" and not picture.mode.startswith("I"):
        picture = picture.convert("L")
    return picture.convert(mode)


def _copy(picture: Image, out: NDArray[Any]) -> None:
    """Copies the pixels as they are. Only here do the bytes of Pillow become NumPy arrays."""
    values = np.asarray(picture)
    out[...] = values if values.ndim == 3 else values[..., np.newaxis]


@cache
def _transposes() -> dict[int, Transpose]:
    """How to turn a picture upright by its EXIF orientation (as PIL.ImageOps.exif_transpose does)."""
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
