"""The headers of ordinary JPEG files, read without the steps that only unusual ones need.

Whatever is not plain is left to Pillow's own class, which takes five times as long. Markers are those of ITU-T T.81,
table B.1.
"""

from __future__ import annotations

SIGNATURE = b"\xff\xd8\xff"
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
"""Pillow's mode by the number of components."""
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive; Pillow knows no other."""
_SILENT = frozenset({0xC4, 0xDB, 0xDD, 0xE0, 0xEE, 0xFE})
"""Tables, restart interval, JFIF, Adobe, comment: they say nothing of size, mode, frames or orientation."""
_LEAST = {0xE0: 14, 0xEE: 12}
"""Bytes of a whole JFIF and Adobe segment."""
_TABLES = 0xDB
_SCAN = 0xDA
_MOST_PIXELS = 1 << 26
"""Of larger ones Pillow has something to say."""
_PROFILE = 0xE2


def read_plain_header(head: bytes) -> tuple[str, int, int, bool] | None:
    """Mode, width, height and False (there is no alpha) from the first bytes; None for what is not plain."""
    if not head.startswith(SIGNATURE):
        return None
    found = None
    position = 2
    while position + 4 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        length = int.from_bytes(head[position + 2 : position + 4], "big")
        if marker == _SCAN:
            return found
        if marker in _FRAMES:
            if found or length < 8 or position + 10 > len(head) or head[position + 4] != 8:
                return None
            height, width = (int.from_bytes(head[position + at : position + at + 2], "big") for at in (5, 7))
            mode = _MODES.get(head[position + 9])
            if mode is None or not 0 < width * height <= _MOST_PIXELS:
                return None
            found = mode, width, height, False
        elif marker == _PROFILE:
            # The same marker may hold several pictures.
            if head[position + 4 : position + 15] != b"ICC_PROFILE":
                return None
        elif marker not in _SILENT or not _is_sound(marker, head[position + 4 : position + 2 + length]):
            return None
        position += 2 + length
    return None


def _is_sound(marker: int, segment: bytes) -> bool:
    """Whether a segment holds what Pillow looks for in it: it refuses files where that is cut short."""
    if marker == _TABLES:
        while segment:
            size = 1 + 64 * (2 if segment[0] >> 4 else 1)
            if len(segment) < size:
                return False
            segment = segment[size:]
        return True
    return len(segment) >= _LEAST.get(marker, 0)
