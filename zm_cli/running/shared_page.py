"""A page of memory in which one process leaves notes for another, readable whenever the writer dies."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable

NOTE_BYTES = 64 << 10
"""Room for one note."""


class SharedPage:
    """A note that this process and its later copies share: a list of texts without NUL, one writer, any readers.

    Memory for two notes, and before them one byte with the number of the valid one: the writer may die at any point.
    Not safe for several threads that write.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1 + 2 * NOTE_BYTES)

    def write(self, texts: Iterable[str]) -> None:
        """Replaces the note; one that has no room leaves the earlier note as it is."""
        note = b"\0".join(os.fsencode(text) for text in texts)
        if len(note) < NOTE_BYTES:
            # The valid note stays untouched until the new one is whole.
            other = 1 - self._memory[0]
            start = 1 + other * NOTE_BYTES
            self._memory[start : start + NOTE_BYTES] = note.ljust(NOTE_BYTES, b"\0")
            self._memory[0] = other

    def read(self) -> list[str]:
        """Returns the texts of the last note, without empty ones at its end; [""] where nothing was written."""
        start = 1 + self._memory[0] * NOTE_BYTES
        return os.fsdecode(self._memory[start : start + NOTE_BYTES].rstrip(b"\0")).split("\0")
