"""The header of one file: its size, how its pixels are stored, what a decoder would not keep; no pixel is decoded."""

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

_HEAD = 4096
_FRAMED = frozenset({"GIF", "PNG", "WEBP", "TIFF", "AVIF", "MPO"})
_PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}
_SIXTEEN = frozenset({"I;16B", "I;16L", "I;16N"})


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's header tells. Many files share one.

    `mode` is the picture mode (as Pillow names it, 16-bit gray always `I;16`), empty where only an array can be read.
    `loss` says what Pillow would not keep of it. `array` is how the file reads as an array, None where it does not.
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

    Raises one of `broken()` where it is no readable image or claims more than `max_pixels`, DataError where it can be
    read only with a missing extra.
    """
    header, nbytes = _open_header(path, suffix)
    check_size(header.width, header.height, header.array.channels if header.array else 1, max_pixels)
    return header, nbytes


def _open_header(path: str, suffix: str) -> tuple[Header, int]:
    descriptor = os.open(path, FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        nbytes = status.st_size
        if not nbytes:
            raise ValueError("it is empty (0 bytes)")
        head = os.read(descriptor, _HEAD)
        plain = None if suffix == ARRAY else png.read_plain_header(head) or jpeg.read_plain_header(head)
        if plain is not None:
            return _describe_plain(suffix, *plain), nbytes
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            if suffix == ARRAY:
                height, width, kind = arrays.read_npy_header(stream, nbytes)
                return Header("", width, height, suffix, array=kind), nbytes
            return _read_picture(stream, suffix, path), nbytes
    finally:
        os.close(descriptor)


@lru_cache(maxsize=1024)
def _describe_plain(suffix: str, mode: str, width: int, height: int, alpha: bool) -> Header:
    return Header(mode, width, height, suffix, alpha)


def _read_picture(stream: IO[bytes], suffix: str, path: str) -> Header:
    try:
        picture = open_picture(stream, marked=not suffix)
    except broken():
        if suffix not in TIFFS:
            raise
        stream.seek(0)
        if stream.read(2) not in (b"II", b"MM"):
            raise
        height, width, kind = arrays.read_tiff_header(path)
        return Header("", width, height, suffix, array=kind)
    header = _describe(picture, suffix)
    if header.loss and picture.format == "TIFF" and arrays.has_tifffile():
        try:
            _, _, kind = arrays.read_tiff_header(path)
        except broken():
            return header
        return Header(header.mode, header.width, header.height, suffix, header.alpha, header.loss, array=kind)
    return header


def _describe(picture: ImageFile, suffix: str) -> Header:
    mode = picture.mode
    # First of all: looking for further frames may change what a picture says of itself.
    turned = orientation(picture)
    deep = mode in _SIXTEEN or (mode == "I" and picture.format in ("PPM", "PNG"))
    try:
        frames = picture.format in _FRAMED and bool(getattr(picture, "is_animated", False))
    except broken():
        frames = False
    loss = describe_loss(picture)
    return Header(
        "I;16" if deep else _PREMULTIPLIED.get(mode, mode),
        *picture.size,
        suffix,
        alpha="transparency" in picture.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"),
        loss=loss,
        stretched=not loss and is_stretched(picture),
        orientation=turned,
        frames=frames,
    )
