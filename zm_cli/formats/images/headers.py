"""Reads the header of one file without decoding pixels: its size, its mode, and what the decoder would not keep."""

from __future__ import annotations

import errno
import io
import os
import stat
from functools import lru_cache

from zm_cli.formats.images import arrays, jpeg, png, tiff
from zm_cli.formats.images.ahead import FLAGS
from zm_cli.formats.images.header import Header, describe_picture
from zm_cli.formats.images.limits import check_size
from zm_cli.formats.images.pictures import open_picture
from zm_cli.formats.images.suffixes import ARRAY
from zm_cli.formats.images.tiff_headers import describe_page, read_first_page

_START_BYTES = 4096
"""The first bytes of a file, in which the header of an ordinary PNG or JPEG file ends."""


def read_header(path: str, suffix: str, max_pixels: int) -> tuple[Header, int, int]:
    """Returns the header of the file at `path`, its size in bytes, and the offset of its first image in a TIFF.

    The offset is 0 for the first page, and for all other files. Raises one of `broken()` if it is not a readable image
    or claims more than `max_pixels`, DataError if a missing extra is needed to read it.
    """
    header, nbytes, offset = _open_header(path, suffix)
    _check_size(header, max_pixels)
    return header, nbytes, offset


def read_page_header(file: io.FileIO, page: tiff.Page, suffix: str, path: str, max_pixels: int) -> Header:
    """Returns the header of one page of the TIFF in `file`. Raises as `read_header` does."""
    header = describe_page(tiff.start_at(file, page.offset), page, suffix, path)
    _check_size(header, max_pixels)
    return header


def _check_size(header: Header, max_pixels: int) -> None:
    channels = max(found.channels if found else 1 for found in (header.array, header.stored))
    check_size(header.width, header.height, channels, max_pixels)


def _open_header(path: str, suffix: str) -> tuple[Header, int, int]:
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
            return _describe_plain(suffix, *plain), nbytes, 0
        os.lseek(descriptor, 0, os.SEEK_SET)
        with io.FileIO(descriptor, closefd=False) as file, io.BufferedReader(tiff.Unclosed(file)) as stream:
            if suffix == ARRAY:
                height, width, array = arrays.read_npy_type(stream, nbytes)
                return Header("", width, height, suffix, array=array, stored=array), nbytes, 0
            if tiff.is_tiff(start):
                header, offset = read_first_page(file, stream, suffix, path)
                return header, nbytes, offset
            return describe_picture(open_picture(stream, marked=not suffix), suffix), nbytes, 0
    finally:
        os.close(descriptor)


@lru_cache(maxsize=1024)
def _describe_plain(suffix: str, mode: str, width: int, height: int, alpha: bool) -> Header:
    return Header(mode, width, height, suffix, alpha)
