"""Finds out whether the frames of a GIF have palettes of their own, without decoding pixels."""

from __future__ import annotations

from typing import IO

_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
"""The bytes that begin the blocks of a GIF (GIF89a, sections 18 to 27)."""
_HAS_PALETTE = 0x80


def has_later_colours(stream: IO[bytes]) -> bool:
    """Returns whether a frame after the first has a palette of its own that is not the gray one;
    False if the file ends early."""
    stream.seek(0)
    head = stream.read(13)
    if len(head) < 13:
        return False
    _read_palette(stream, head[10])
    frame = 0
    while block := stream.read(1):
        if block[0] == _EXTENSION:
            stream.read(1)
        elif block[0] == _IMAGE:
            descriptor = stream.read(9)
            if len(descriptor) < 9:
                return False
            if not _is_gray(_read_palette(stream, descriptor[8])) and frame:
                return True
            frame += 1
            stream.read(1)
        elif block[0] == _END:
            return False
        else:
            continue
        while size := stream.read(1):
            if not size[0]:
                break
            stream.seek(size[0], 1)
    return False


def _read_palette(stream: IO[bytes], flags: int) -> bytes:
    return stream.read(3 << ((flags & 7) + 1)) if flags & _HAS_PALETTE else b""


def _is_gray(palette: bytes) -> bool:
    """Returns whether every index stands for the gray of the same value."""
    return palette == bytes(index for gray in range(len(palette) // 3) for index in (gray,) * 3)
