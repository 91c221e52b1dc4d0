"""Decodes the bytes of one file to pixels of the mode, size and rotation that were asked for."""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import BYTE_VALUES
from zm_cli.formats.images import arrays, png
from zm_cli.formats.images.bands import ARRAY
from zm_cli.formats.images.pictures import open_picture, open_tiff, orientation
from zm_cli.formats.images.precision import is_left_inverted
from zm_cli.formats.images.suffixes import ARRAY as NPY
from zm_cli.formats.images.suffixes import suffix_of
from zm_cli.formats.images.tiff import ORIENTATION
from zm_cli.formats.images.turning import SIDEWAYS, turn_back, turn_picture

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile


@dataclass(frozen=True, slots=True)
class Decoding:
    """The choices that decide the values: the mode, the (width, height) to resize to, and whether to apply the EXIF
    rotation.

    `as_stored` says whether arrays keep all the channels that they are stored with.
    """

    mode: str
    resize: tuple[int, int] | None
    exif: bool
    as_stored: bool = False

    def size(self, width: int, height: int, turn: int) -> tuple[int, int]:
        """Returns the width and height that an image with this size and orientation in its header is decoded to."""
        if self.resize:
            return self.resize
        return (height, width) if self.exif and turn in SIDEWAYS else (width, height)


def decode(data: bytes, name: str, decoding: Decoding, out: NDArray[Any]) -> None:
    """Fills `out` (H,W,C) with the pixels of the file `name` that holds `data`.

    Raises one of `broken()` if they cannot be decoded, ValueError if their shape is not that of `out`.
    """
    if decoding.mode == ARRAY:
        is_npy = suffix_of(name) == NPY
        _fill(out, arrays.read_npy(data) if is_npy else _read_tiff(io.BytesIO(data), decoding))
        return
    with closing(_decode_picture(data, decoding, out.shape[:2])) as picture:
        _copy(picture, out)


def decode_page(stream: IO[bytes], decoding: Decoding, out: NDArray[Any]) -> None:
    """Fills `out` (H,W,C) with the first page of the TIFF in `stream`. Raises as `decode` does."""
    stream.seek(0)
    if decoding.mode == ARRAY:
        _fill(out, _read_tiff(stream, decoding))
        return
    with closing(_load(open_tiff(stream), decoding)) as opened:
        decode_frame(opened, 1, decoding, out)


def decode_frame(frame: Image, turn: int, decoding: Decoding, out: NDArray[Any]) -> None:
    """Fills `out` (H,W,C) with a loaded picture, turned by this orientation if that was asked for.
    Raises as `decode` does."""
    _copy(_finish(turn_picture(frame, turn) if decoding.exif else frame, decoding, out.shape[:2]), out)


def count_values(data: bytes, decoding: Decoding, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Returns how often each of the 256 values occurs in each channel of an 8-bit picture, (C,256).

    Raises as `decode` does.
    """
    with closing(_decode_picture(data, decoding, shape[:2])) as picture:
        return np.array(picture.histogram(), np.int64).reshape(shape[2], BYTE_VALUES)


def _read_tiff(stream: IO[bytes], decoding: Decoding) -> NDArray[Any]:
    return arrays.read_tiff(stream, as_stored=decoding.as_stored, upright=decoding.exif)


def _decode_picture(data: bytes, decoding: Decoding, size: tuple[int, ...]) -> Image:
    picture: Image | None = png.decode_plain(data)
    if picture is None:
        picture = _load(open_picture(io.BytesIO(data)), decoding)
    return _finish(picture, decoding, size)


def _load(opened: ImageFile, decoding: Decoding) -> Image:
    """Returns an opened picture with its pixels loaded: as stored, or upright with `exif`."""
    if opened.format == "TIFF":
        return _load_tiff(opened, decoding)
    turn = orientation(opened) if decoding.exif else 1
    opened.load()
    return turn_picture(opened, turn)


def _load_tiff(opened: ImageFile, decoding: Decoding) -> Image:
    turned = orientation(opened)
    own = opened.tag_v2.get(ORIENTATION, 1)  # type: ignore[attr-defined]
    wanted = own if decoding.exif and own in range(1, 9) else 1
    is_inverted = is_left_inverted(opened)
    opened.load()
    # Pillow turns a TIFF by itself; if it has no orientation tag of its own, by another tag.
    picture: Image = opened if turned == wanted else turn_picture(turn_back(opened, turned), wanted)
    return _invert_16_bits(picture) if is_inverted else picture


def _invert_16_bits(picture: Image) -> Image:
    from PIL import Image

    return Image.fromarray(np.uint16(0xFFFF) - np.asarray(picture).astype(np.uint16))


def _finish(picture: Image, decoding: Decoding, size: tuple[int, ...]) -> Image:
    """Returns a loaded picture in the mode and size that were asked for;
    raises ValueError if its size is not `size`."""
    from PIL import Image

    if picture.mode != decoding.mode:
        picture = _convert(picture, decoding.mode)
    if decoding.resize and picture.size != decoding.resize:
        picture = picture.resize(decoding.resize, Image.Resampling.BILINEAR)
    if (picture.height, picture.width) != size:
        raise ValueError(f"its size is not {size[1]}x{size[0]} as its header said")
    return picture


def _convert(picture: Image, mode: str) -> Image:
    if picture.mode.startswith("I;16") and picture.mode != "I;16":
        # Another byte order. Pillow converts it to I without loss, but to I;16 by way of 8 bits.
        picture = picture.convert("I")
    if picture.mode == mode or (picture.mode == "I" and mode == "I;16"):
        # A 16-bit gray file that Pillow has read with 32 bits: its values fit, and are narrowed when they are copied.
        return picture
    if picture.mode == "La":
        picture = picture.convert("LA")
    elif picture.mode == "LAB":
        picture = picture.convert("RGB")
    elif mode == "I;16" and not picture.mode.startswith("I"):
        picture = picture.convert("L")
    return picture.convert(mode)


def _copy(picture: Image, out: NDArray[Any]) -> None:
    """Copies the pixels to `out`. Only here do Pillow's bytes become NumPy arrays."""
    values = np.asarray(picture)
    out[...] = values if values.ndim == 3 else values[..., np.newaxis]


def _fill(out: NDArray[Any], values: NDArray[Any]) -> None:
    if values.shape != out.shape:
        raise ValueError(f"its shape {values.shape} is not {out.shape} as its header said")
    out[...] = values
