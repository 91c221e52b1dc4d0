"""Reads plain PNG files, which most datasets consist of, without the steps that only unusual files need.

All other files, and damaged ones, are left to Pillow's own reader, which takes three times as long and reports errors.
Chunks and colour types are those of the PNG specification (W3C, third edition).
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {
    (1, 0): "1", (2, 0): "L", (4, 0): "L", (8, 0): "L", (16, 0): "I;16", (8, 2): "RGB",
    (1, 3): "P", (2, 3): "P", (4, 3): "P", (8, 3): "P", (8, 4): "LA", (8, 6): "RGBA",
}  # fmt: skip
"""Pillow's mode by bit depth and colour type."""
_DECODED_MODES = {(8, 0): "L", (8, 2): "RGB", (8, 6): "RGBA"}
"""Those that `decode_plain` reads."""
_IGNORED = frozenset({b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"tIME", b"sBIT", b"bKGD", b"iCCP", b"PLTE"})
"""Chunks that do not affect size, mode, frames, orientation or transparency."""
_CHUNK_BYTES = {b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"pHYs": 9}
"""The lengths of the chunks that Pillow reads; it refuses files with shorter ones."""
_MAX_PIXELS = 1 << 24
"""Larger pictures are left to Pillow, which limits their size."""
_IHDR = struct.Struct(">8xI4sIIBBBBBI")
_IHDR_END = 33


def read_plain_header(start: bytes) -> tuple[str, int, int, bool] | None:
    """Returns the mode, width, height and whether there is alpha, from the first bytes of a file;
    None if it is not plain."""
    ihdr = _read_ihdr(start)
    if ihdr is None:
        return None
    width, height, depth, colour, _ = ihdr
    mode = _MODES.get((depth, colour))
    if mode is None:
        return None
    alpha = mode in ("LA", "RGBA")
    position = _IHDR_END
    while position + 8 <= len(start):
        name = start[position + 4 : position + 8]
        if name == b"IDAT":
            return mode, width, height, alpha
        if name == b"tRNS":
            alpha = True
        elif name not in _IGNORED:
            return None
        position += 12 + int.from_bytes(start[position : position + 4], "big")
    return None


def decode_plain(data: bytes) -> Image | None:
    """Returns the picture in the bytes of a whole file, in its own mode; None if the file is damaged or not plain."""
    from PIL import Image

    ihdr = _read_ihdr(data)
    if ihdr is None:
        return None
    width, height, depth, colour, interlaced = ihdr
    mode = _DECODED_MODES.get((depth, colour))
    compressed = None if interlaced else _join_pixels(data)
    if mode is None or compressed is None:
        return None
    try:
        return Image.frombytes(mode, (width, height), compressed, "zip", mode, 0)
    except ValueError:
        return None


def _read_ihdr(start: bytes) -> tuple[int, int, int, int, int] | None:
    """Returns width, height, bit depth, colour type and interlacing; None if the first chunk is not a valid IHDR."""
    if len(start) < _IHDR.size or not start.startswith(SIGNATURE):
        return None
    length, name, width, height, depth, colour, compression, filtering, interlaced, crc = _IHDR.unpack_from(start)
    is_valid = (length, name, compression, filtering) == (13, b"IHDR", 0, 0) and zlib.crc32(start[12:29]) == crc
    if not is_valid or not 0 < width * height <= _MAX_PIXELS:
        return None
    return width, height, depth, colour, interlaced


def _join_pixels(data: bytes) -> bytes | None:
    """Returns the joined contents of all IDAT chunks; None if a chunk is damaged,
    or if another one may affect decoding."""
    view = memoryview(data)
    parts = []
    position = _IHDR_END
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        name = data[position + 4 : position + 8]
        end = position + 8 + length
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return None
        if name == b"IDAT":
            parts.append(view[position + 8 : end])
        elif name == b"IEND":
            return b"".join(parts)
        elif parts or name not in _IGNORED or name == b"iCCP" or _CHUNK_BYTES.get(name, length) != length:
            return None
        position = end + 4
    return None
