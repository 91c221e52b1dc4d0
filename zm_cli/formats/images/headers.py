"""Reading the header of one file, without decoding a pixel: its size, mode, and what the decoder would not keep."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, TYPE_CHECKING

from zm_cli.formats.images import arrays, jpeg, png
from zm_cli.formats.images.ahead import FLAGS
from zm_cli.formats.images.arrays import ArrayType
from zm_cli.formats.images.limits import check_size
from zm_cli.formats.images.pictures import broken, open_picture, orientation
from zm_cli.formats.images.precision import describe_loss, is_stretched
from zm_cli.formats.images.suffixes import ARRAY, TIFFS

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_START_BYTES = 4096
"""The part of a file in which the headers of ordinary PNG and JPEG files end."""
_MULTI_FRAME_FORMATS = frozenset({"GIF", "PNG", "WEBP", "TIFF", "AVIF", "MPO"})
_STRAIGHT_ALPHA = {"La": "LA", "RGBa": "RGBA"}
"""The modes with straight alpha, by those with premultiplied alpha."""
_16_BIT_MODES = frozenset({"I;16B", "I;16L", "I;16N"})


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a file says. Files with equal headers share one object.

    `mode` is the mode of the picture, as Pillow names it (16-bit gray is always `I;16`), or empty where the file can
    only be read as an array. `loss` says what Pillow would not keep, as a clause, empty where it keeps everything.
    `stretched` says whether Pillow scales the values to the full range of their type, `frames` whether there are
    several frames. `orientation` is the EXIF orientation, 1 to 8. `array` is the type of the file read as an array,
    None where it cannot be read so.
    """

    mode: str
    width: int
    height: int
    suffix: str
    alpha: bool = False
    loss: str = ""
    stretched: bool = False
    orientation: int = 1
    frames: bool = False
    array: ArrayType | None = None


def read_header(path: str, suffix: str, max_pixels: int) -> tuple[Header, int]:
    """The header of the file at `path` and its size in bytes.

    Raises one of `broken()` where it is not a readable image or claims more than `max_pixels`, DataError where a
    missing extra is needed to read it.
    """
    header, nbytes = _open_header(path, suffix)
    check_size(header.width, header.height, header.array.channels if header.array else 1, max_pixels)
    return header, nbytes


def _open_header(path: str, suffix: str) -> tuple[Header, int]:
    descriptor = os.open(path, FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        nbytes = status.st_size
        if not nbytes:
            raise ValueError("it is empty (0 bytes)")
        start = os.read(descriptor, _START_BYTES)
        plain = None if suffix == ARRAY else png.read_plain_header(start) or jpeg.read_plain_header(start)
        if plain is not None:
            return _describe_plain(suffix, *plain), nbytes
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            if suffix == ARRAY:
                height, width, array = arrays.read_npy_type(stream, nbytes)
                return Header("", width, height, suffix, array=array), nbytes
            return _read_picture(stream, suffix, path), nbytes
    finally:
        os.close(descriptor)


@lru_cache(maxsize=1024)
def _describe_plain(suffix: str, mode: str, width: int, height: int, alpha: bool) -> Header:
    return Header(mode, width, height, suffix, alpha)


def _read_picture(stream: IO[bytes], suffix: str, path: str) -> Header:
    """The header by Pillow, or by tifffile for a TIFF that Pillow cannot read."""
    try:
        picture = open_picture(stream, marked=not suffix)
    except broken():
        if suffix not in TIFFS:
            raise
        stream.seek(0)
        if stream.read(2) not in (b"II", b"MM"):
            raise
        height, width, array = arrays.read_tiff_header(path)
        return Header("", width, height, suffix, array=array)
    header = _describe(picture, suffix)
    if header.loss and picture.format == "TIFF" and arrays.has_tifffile():
        try:
            _, _, array = arrays.read_tiff_header(path)
        except broken():
            return header
        return Header(header.mode, header.width, header.height, suffix, header.alpha, header.loss, array=array)
    return header


def _describe(picture: ImageFile, suffix: str) -> Header:
    mode = picture.mode
    # Before looking for further frames, which may change the metadata of the picture.
    stored_orientation = orientation(picture)
    is_16_bit = mode in _16_BIT_MODES or (mode == "I" and picture.format in ("PPM", "PNG"))
    try:
        frames = picture.format in _MULTI_FRAME_FORMATS and bool(getattr(picture, "is_animated", False))
    except broken():
        frames = False
    loss = describe_loss(picture)
    return Header(
        "I;16" if is_16_bit else _STRAIGHT_ALPHA.get(mode, mode),
        *picture.size,
        suffix,
        alpha="transparency" in picture.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"),
        loss=loss,
        stretched=not loss and is_stretched(picture),
        orientation=stored_orientation,
        frames=frames,
    )
