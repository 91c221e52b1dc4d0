"""Finds where cells begin with digits that a number may not keep, by looking at all bytes of a text at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.csv.records import QUOTE

CHUNK = 1 << 17
"""Bytes searched at once, which fit a core's cache."""
LARGE = 16
"""All integers with fewer digits are exact in float64."""
EIGHT_DIGITS = np.uint64(0x0101_0101_0101_0101)
"""Eight flags in a row that are all set."""
ZERO, SPACE, PLUS, MINUS = 48, 32, 43, 45


def find_digit_starts(text: bytes, delimiter: bytes, line_end: bytes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns the positions at which cells begin with a zero and another digit, and with at least LARGE digits.

    Both arrays have shape (cells,). A position is that of the first digit, after any sign, quote or space.
    """
    codes = np.frombuffer(text, dtype=np.uint8)
    before_cell = np.zeros(256, dtype=np.bool_)
    before_cell[[delimiter[0], line_end[0], QUOTE, SPACE]] = True
    before_digits = before_cell.copy()
    before_digits[[PLUS, MINUS]] = True
    zeros, runs = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
    for begin in range(0, len(codes), CHUNK):
        part = codes[max(0, begin - 1) : begin + CHUNK + LARGE - 1]
        if not begin:
            part = np.concatenate((np.frombuffer(line_end, dtype=np.uint8), part))
        # Index 0 is the byte before the first one that may begin a cell here.
        digit = (part - np.uint8(ZERO)) < 10
        # A flag is greater than another if it is set and the other is not.
        zero = np.flatnonzero(((part[1:-1] == ZERO) & digit[2:]) > digit[:-2])
        zeros.append(zero[before_cell[part[zero]] & (zero < CHUNK)] + begin)
        run = _find_runs(digit)
        runs.append(run[before_digits[part[run]] & (run < CHUNK)] + begin)
    return np.concatenate(zeros), np.concatenate(runs)


def _find_runs(digit: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Returns the indices of bytes that are not digits and are followed by LARGE digits; `digit` marks digits."""
    # LARGE digits in a row always include eight that fill one aligned 8-byte word.
    words = digit[: len(digit) // 8 * 8].view(np.uint64)
    if not (words == EIGHT_DIGITS).any():
        return np.empty(0, dtype=np.intp)
    two = digit[1:-1] & digit[2:]
    four = two[:-2] & two[2:]
    eight = four[:-4] & four[4:]
    sixteen = eight[:-8] & eight[8:]
    return np.flatnonzero(sixteen > digit[: len(sixteen)])
