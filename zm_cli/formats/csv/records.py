"""Finds where records end in text with proper quotes, and which lines are blank, by looking at all bytes at once.

Quotes are proper if every opening quote starts a cell and every closing quote ends one; `cutter.py` makes them so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

QUOTE, RETURN = 34, 13
"""The byte values of `"` and `\\r`."""
STRAY, TOO_LONG = b"\0", b"\0\0"
"""Mark a row in which a quote is never closed, or not within the longest record. The cutter turns its line into one
quoted cell that begins with the mark, so that it is a row by itself. Text never holds a zero byte, so the row cannot be
read."""


def is_outside_quotes(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Returns for each byte whether the quotes up to it are even in number; both arrays have shape (bytes,)."""
    outside: NDArray[np.bool_] = np.bitwise_xor.accumulate((codes == QUOTE).view(np.uint8)) == 0
    return outside


def find_record_ends(text: bytes, line_end: bytes) -> NDArray[np.intp]:
    """Returns the position after each record's line end, shape (records,)."""
    codes = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(codes == line_end[0])
    if b'"' in text:
        ends = ends[np.searchsorted(np.flatnonzero(codes == QUOTE), ends) % 2 == 0]
    return ends + 1


def has_other_line_ends(text: bytes, terminator: bytes) -> bool:
    """Returns whether some of the whole records of a text, which end in newlines, do not end in `terminator`."""
    if terminator == b"\r" or (terminator == b"\n" and b"\r" not in text):
        return False
    ends = find_record_ends(text, b"\n")
    returns = np.frombuffer(text, dtype=np.uint8)[np.maximum(ends - 2, 0)] == RETURN
    return bool((returns != (terminator == b"\r\n")).any())


def has_blank_lines(text: bytes, is_end: NDArray[np.bool_]) -> bool:
    """Returns whether a text without quotes has blank lines; `is_end`, shape (bytes,), marks its line ends."""
    if text[0] in b"\r\n" or (is_end[1:] & is_end[:-1]).any():
        return True
    if b"\r" not in text:
        return False
    codes = np.frombuffer(text, dtype=np.uint8)
    return bool((is_end[:-1] & (codes[1:] == RETURN)).any())


def drop_blank_lines(text: bytes, ends: NDArray[np.intp]) -> tuple[bytes, int]:
    """Returns the text without its blank lines, and their number; `ends`, shape (records,), are its record ends."""
    starts = np.concatenate(([0], ends[:-1]))
    lengths = ends - starts
    codes = np.frombuffer(text, dtype=np.uint8)
    blank = (lengths == 1) | ((lengths == 2) & (codes[starts] == RETURN))
    if not blank.any():
        return text, 0
    keep = np.ones(len(text), dtype=np.bool_)
    keep[starts[blank]] = False
    keep[ends[blank] - 1] = False
    return codes[keep].tobytes(), int(np.count_nonzero(blank))
