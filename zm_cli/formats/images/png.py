"""Ordinary PNG files, most of what datasets are made of, read without the steps that only unusual ones need.

Whatever is not plain, or not in order, is left to Pillow's own class, which takes three times as long or tells what is
wrong. Chunks and colour types are those of the PNG specification (W3C, third edition).
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
_DECODED = {(8, 0): "L", (8, 2): "RGB", (8, 6): "RGBA"}
_SILENT = frozenset({b"sRGB", b"gAMA", b"cHRM", b"pHYs", b"tIME", b"sBIT", b"bKGD", b"iCCP", b"PLTE"})
"""Chunks that say nothing of size, mode, frames, orientation or transparency."""
_WHOLE = {b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"pHYs": 9}
"""Bytes of the chunks that Pillow looks into: it refuses files where they are cut short."""
_MOST_PIXELS = 1 << 24
"""Of larger pictures Pillow has something to say."""
_IHDR = struct.Struct(">8xI4sIIBBBBBI")


def read_plain_header(head: bytes) -> tuple[str, int, int, bool] | None:
    """Mode, width, height and whether there is alpha, from the first bytes of a file; None for what is not plain."""
    opening = _open(head)
    if opening is None:
        return None
    width, height, depth, colour, _ = opening
    mode = _MODES.get((depth, colour))
    if mode is None:
        return None
    alpha = mode in ("LA", "RGBA")
    position = 33
    while position + 8 <= len(head):
        name = head[position + 4 : position + 8]
        if name == b"IDAT":
            return mode, width, height, alpha
        if name == b"tRNS":
            alpha = True
        elif name not in _SILENT:
            return None
        position += 12 + int.from_bytes(head[position : position + 4], "big")
    return None


def decode_plain(data: bytes) -> Image | None:
    """The picture of a whole file, in the mode that it has; None where it is not plain, or damaged."""
    from PIL import Image

    opening = _open(data)
    if opening is None:
        return None
    width, height, depth, colour, interlaced = opening
    mode = _DECODED.get((depth, colour))
    compressed = None if interlaced else _join_pixels(data)
    if mode is None or compressed is None:
        return None
    try:
        return Image.frombytes(mode, (width, height), compressed, "zip", mode, 0)
    except ValueError:
        return None


def _open(head: bytes) -> tuple[int, int, int, int, int] | None:
    """Width, height, bit depth, colour type and interlacing."""
    if len(head) < _IHDR.size or not head.startswith(SIGNATURE):
        return None
    length, name, width, height, depth, colour, compression, filtering, interlaced, crc = _IHDR.unpack_from(head)
    sound = (length, name, compression, filtering) == (13, b"IHDR", 0, 0) and zlib.crc32(head[12:29]) == crc
    if not sound or not 0 < width * height <= _MOST_PIXELS:
        return None
    return width, height, depth, colour, interlaced


def _join_pixels(data: bytes) -> bytes | None:
    """The compressed pixels of a file that holds nothing else of note; None where a chunk is unknown or damaged."""
    view = memoryview(data)
    parts = []
    position = 33
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
        elif parts or name not in _SILENT or name == b"iCCP" or _WHOLE.get(name, length) != length:
            return None
        position = end + 4
    return None
