"""Shared memory in which one process leaves a note for another; it stays readable if the writer dies."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable

NOTE_BYTES = 64 << 10
"""Room for one note."""
_LENGTH = 4
"""Bytes of the number before each note, which is its length."""
_SLOT = _LENGTH + NOTE_BYTES
_TOTAL = 1 + 2 * _SLOT


class SharedPage:
    """A note that this process shares with its later copies: a list of texts without NUL, one writer, any readers.

    Its memory holds two notes, and before them one byte with the number of the valid one, so that the writer may die at
    any point. Not safe for several threads that write. `descriptor` is an open file to map, from `create_page_file`,
    which shares the note with other programs, too.
    """

    def __init__(self, descriptor: int = -1) -> None:
        self._memory = mmap.mmap(descriptor, _TOTAL)

    def write(self, texts: Iterable[str]) -> None:
        """Replaces the note. A note that is too long is ignored, and the earlier one stays."""
        note = os.fsencode("\0".join(texts))
        if len(note) <= NOTE_BYTES:
            # The valid note stays untouched until the new one is complete.
            other = 1 - self._memory[0]
            start = 1 + other * _SLOT
            self._memory[start : start + _LENGTH + len(note)] = len(note).to_bytes(_LENGTH, "little") + note
            self._memory[0] = other

    def read(self) -> list[str]:
        """Returns the texts of the last note, without empty ones at its end; [""] where nothing was written."""
        start = 1 + self._memory[0] * _SLOT
        size = int.from_bytes(self._memory[start : start + _LENGTH], "little")
        note = self._memory[start + _LENGTH : start + _LENGTH + size]
        return os.fsdecode(note.rstrip(b"\0")).split("\0")


def create_page_file() -> int | None:
    """Returns the descriptor of a file in memory for a page; None where the system has no such files."""
    create = getattr(os, "memfd_create", None)
    if create is None:
        return None
    descriptor: int = create("zm-notes")
    os.ftruncate(descriptor, _TOTAL)
    return descriptor
