"""Arrays in the JSON of a stats file: nested lists of numbers, and long flat lists, which are parsed piece by piece."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

NESTED_NUMBERS = 1_000_000
"""The most numbers in an array of several axes: parsed, they take some 60 bytes each."""
FLAT_NUMBERS = 8_000_000
"""The most numbers in an array of one axis, of which a piece is parsed at a time."""
MAX_LISTS = 6 * NESTED_NUMBERS
"""The most lists in an array: an axis of length 1 makes one for each number."""
MAX_AXES = 12
"""The most axes of an array: more than samples can have, fewer than NumPy allows."""
PIECE_BYTES = 1 << 20
"""The length of a piece of a flat array."""


def find_most_numbers(axes: int) -> int:
    """Returns the most numbers in an array of so many axes."""
    return FLAT_NUMBERS if axes == 1 else NESTED_NUMBERS


def can_be_read(shape: tuple[int, ...]) -> bool:
    """Returns whether an array of this shape, written as JSON, is small enough to be read."""
    lists, numbers = 0, 1
    for size in shape:
        lists, numbers = lists + numbers, numbers * size
    return numbers <= find_most_numbers(len(shape)) and lists <= MAX_LISTS


def to_array(values: list[Any]) -> NDArray[Any]:
    """Returns nested lists of numbers as an array: int64 if all are whole or there are none, else float64.

    None becomes NaN. Raises ValueError, with a clause about the values, if they are not numbers in the shape of an
    array, or if one is too large.
    """
    shape: list[int] = []
    level: list[Any] = [values]
    while (kinds := set(map(type, level))) == {list}:
        lengths = set(map(len, level))
        if len(lengths) > 1:
            raise ValueError("is not an array: its lists differ in length")
        if len(shape) == MAX_AXES:
            raise ValueError(f"has more than {MAX_AXES} axes")
        shape += lengths
        level = list(chain.from_iterable(level))
    if not kinds <= {int, float, type(None)}:
        raise ValueError("holds something that is not a number")
    return _convert(level, whole=kinds <= {int}).reshape(shape)


def parse_flat(data: bytes, start: int, end: int, decoder: json.JSONDecoder) -> NDArray[Any]:
    """Returns the numbers between commas in `data[start:end]` as `to_array` does, in bounded memory.

    Raises JSONDecodeError if they are not such numbers, and the errors of `to_array`.
    """
    pieces: list[NDArray[Any]] = []
    too_large, whole = False, True
    while True:
        cut = data.find(b",", min(start + PIECE_BYTES, end), end)
        text = data[start : end if cut < 0 else cut].decode("ascii")
        values = decoder.decode(f"[{text}]")
        if not values and (pieces or cut >= 0):
            raise json.JSONDecodeError("no number between commas", text, 0)
        kinds = set(map(type, values))
        if kinds <= {int}:
            try:
                pieces.append(np.array(values, np.int64))
            except OverflowError:
                # If another piece holds floats, the whole array is float64.
                too_large = True
                pieces.append(_convert(values, whole=False))
        else:
            whole = False
            pieces.append(to_array(values))
        if cut < 0:
            break
        start = cut + 1
    if too_large and whole:
        raise ValueError("holds a number that is too large")
    return np.concatenate(pieces)


def _convert(values: list[Any], *, whole: bool) -> NDArray[Any]:
    try:
        return np.array(values, dtype=np.int64 if whole else np.float64)
    except OverflowError as error:
        raise ValueError("holds a number that is too large") from error
