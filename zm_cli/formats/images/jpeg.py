"""Reads the headers of plain JPEG files, without the steps that only unusual files need.

All other files are left to Pillow's own reader, which takes five times as long. Markers are those of ITU-T T.81, table
B.1.
"""

from __future__ import annotations

SIGNATURE = b"\xff\xd8\xff"
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
"""Pillow's mode by the number of components."""
_START_OF_FRAME = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive; Pillow reads no others."""
_IGNORED = frozenset({0xC4, 0xDB, 0xDD, 0xE0, 0xEE, 0xFE})
"""Tables, restart interval, JFIF, Adobe, comment: segments that do not affect size, mode, frames or orientation."""
_MINIMUM_BYTES = {0xE0: 14, 0xEE: 12}
"""The lengths of complete JFIF and Adobe segments."""
_QUANTIZATION_TABLES = 0xDB
_START_OF_SCAN = 0xDA
_ICC_PROFILE = 0xE2
_MAX_PIXELS = 1 << 26
"""Larger pictures are left to Pillow, which limits their size."""


def read_plain_header(start: bytes) -> tuple[str, int, int, bool] | None:
    """Returns the mode, width, height and False (no alpha) from the first bytes of a file; None if it is not plain."""
    if not start.startswith(SIGNATURE):
        return None
    found = None
    position = 2
    while position + 4 <= len(start) and start[position] == 0xFF:
        marker = start[position + 1]
        length = int.from_bytes(start[position + 2 : position + 4], "big")
        if marker == _START_OF_SCAN:
            return found
        if marker in _START_OF_FRAME:
            if found or length < 8 or position + 10 > len(start) or start[position + 4] != 8:
                return None
            height = int.from_bytes(start[position + 5 : position + 7], "big")
            width = int.from_bytes(start[position + 7 : position + 9], "big")
            mode = _MODES.get(start[position + 9])
            if mode is None or not 0 < width * height <= _MAX_PIXELS:
                return None
            found = mode, width, height, False
        elif marker == _ICC_PROFILE:
            # This marker may also introduce an index of several pictures.
            if start[position + 4 : position + 15] != b"ICC_PROFILE":
                return None
        elif marker not in _IGNORED or not _is_complete(marker, start[position + 4 : position + 2 + length]):
            return None
        position += 2 + length
    return None


def _is_complete(marker: int, segment: bytes) -> bool:
    """Returns whether a segment holds everything that Pillow reads from it; otherwise Pillow refuses the file."""
    if marker == _QUANTIZATION_TABLES:
        while segment:
            size = 1 + 64 * (2 if segment[0] >> 4 else 1)
            if len(segment) < size:
                return False
            segment = segment[size:]
        return True
    return len(segment) >= _MINIMUM_BYTES.get(marker, 0)
