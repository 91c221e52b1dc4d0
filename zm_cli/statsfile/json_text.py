"""The JSON of a stats file, taken apart field by field, so that its size bounds what it takes in memory."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError

JSON_BYTES = 256_000_000
"""No JSON stats file is larger."""

HEADER_BYTES = 12_000_000
"""What all its fields that are no arrays of numbers may take together. Python needs up to 50 times as much for them."""

JSON_FEATURES = 1_000_000
"""Statistics of more features are kept in .npz or .h5: as text they would take more than JSON_BYTES."""

MOST_LISTS = 6 * JSON_FEATURES
"""Lists, one in another, that an array may be made of: an axis of length 1 makes one for each number."""

MOST_FIELDS = 100
"""More than a stats file has."""

MOST_AXES = 12
"""More than samples can have, fewer than NumPy has."""

_WINDOW = 4096
"""A value that is no array is looked for in so many bytes first, then in more."""
_SPACE = re.compile(rb"[ \t\n\r]*")


class _NoJsonError(ValueError):
    """What makes a text no JSON that could be a stats file; its text is what users read."""


def parse_json(data: bytes, where: str, arrays: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a JSON object, those named in `arrays` as NumPy arrays: int64, or float64 with null as NaN.

    Raises DataError where the text is no JSON object in UTF-8, has a field twice, or is larger than a stats file can
    be.
    """
    hint = "make a stats file with zm stats"
    if len(data) > JSON_BYTES:
        raise DataError(
            f"is larger than {JSON_BYTES // 10**6} MB of JSON", where=where, hint="keep it as .npz, which is smaller"
        )
    try:
        return _Text(data).take_object(arrays)
    except _NoJsonError as error:
        raise DataError(str(error), where=where, hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise DataError("is no JSON", where=where, hint=hint) from error


class _Text:
    """A JSON text that is read from its beginning, one field after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0
        self._budget = HEADER_BYTES
        self._decoder = json.JSONDecoder(object_pairs_hook=_make_object, parse_constant=_refuse_constant)

    def take_object(self, arrays: Collection[str]) -> dict[str, Any]:
        """The object that the whole text is."""
        if self._data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _NoJsonError("begins with a byte order mark, which JSON must not have")
        if not self._next_is(b"{"):
            raise _NoJsonError("is empty" if self._at_end() else "is no JSON object")
        found: dict[str, Any] = {}
        closed = self._next_is(b"}")
        while not closed:
            key = self._take_value(_WINDOW)
            if not isinstance(key, str) or not self._next_is(b":"):
                raise _NoJsonError("is no JSON")
            if len(found) == MOST_FIELDS:
                raise _NoJsonError("has more fields than a stats file")
            if key in found:
                raise _NoJsonError(f"has the field '{key[:50]}' twice")
            found[key] = self._take_array(key) if key in arrays else self._take_value(self._budget)
            if not self._next_is(b","):
                if not self._next_is(b"}"):
                    raise _NoJsonError("is no JSON")
                closed = True
        if not self._at_end():
            raise _NoJsonError("goes on after the end of its JSON")
        return found

    def _skip_space(self) -> int:
        space = _SPACE.match(self._data, self._place)
        assert space is not None
        self._place = space.end()
        return self._place

    def _next_is(self, sign: bytes) -> bool:
        there = self._data.startswith(sign, self._skip_space())
        self._place += there
        return there

    def _at_end(self) -> bool:
        return self._skip_space() == len(self._data)

    def _take_value(self, most: int) -> Any:
        """The next value, of at most `most` bytes."""
        start = self._skip_space()
        reach = min(_WINDOW, most)
        while True:
            window = self._data[start : start + reach]
            whole = start + len(window) == len(self._data)
            try:
                text = codecs.getincrementaldecoder("utf-8")().decode(window, final=whole)
                value, end = self._decoder.raw_decode(text)
            except json.JSONDecodeError:
                if whole:
                    raise
            else:
                # A number at the edge of the window may go on behind it.
                if whole or end < len(text):
                    break
            if reach == most:
                raise _NoJsonError(f"holds more than {HEADER_BYTES // 10**6} MB besides its numbers, or is no JSON")
            reach = min(8 * reach, most)
        taken = end if text.isascii() else len(text[:end].encode())
        self._place += taken
        self._budget -= taken
        return value

    def _take_array(self, field: str) -> NDArray[Any]:
        """The next value, which must be numbers in lists of lists."""
        start = self._skip_space()
        if not self._data.startswith(b"[", start):
            raise _NoJsonError(f"has a '{field}' that is no array")
        # An array of numbers holds no quotation mark, so it ends before the next one.
        end = self._data.find(b'"', start)
        end = len(self._data) if end < 0 else end
        if self._data.count(b",", start, end) > JSON_FEATURES or self._data.count(b"[", start, end) > MOST_LISTS:
            raise _NoJsonError(f"has more than {JSON_FEATURES:,} numbers in '{field}'")
        try:
            values, taken = self._decoder.raw_decode(self._data[start:end].decode("ascii"))
        except _NoJsonError:
            raise
        except (ValueError, RecursionError) as error:
            raise _NoJsonError(f"has a '{field}' that is no array of numbers") from error
        self._place += taken
        try:
            return to_array(values)
        except ValueError as error:
            raise _NoJsonError(f"has a '{field}' that {error}") from error


def to_array(values: list[Any]) -> NDArray[Any]:
    """Nested lists of numbers as an array: int64 if all are whole, else float64 with None as NaN.

    Raises ValueError, saying what the values are, where they are no numbers or no array, or are too large.
    """
    shape: list[int] = []
    level: list[Any] = [values]
    while set(map(type, level)) == {list}:
        lengths = set(map(len, level))
        if len(lengths) > 1:
            raise ValueError("is no array: its lists differ in length")
        if len(shape) == MOST_AXES:
            raise ValueError(f"has more than {MOST_AXES} axes")
        shape += lengths
        level = list(chain.from_iterable(level))
    kinds = set(map(type, level))
    if not kinds <= {int, float, type(None)}:
        raise ValueError("holds something that is no number")
    try:
        flat = np.array(level, dtype=np.int64 if kinds == {int} else np.float64)
    except OverflowError as error:
        raise ValueError("holds a number that is too large") from error
    return flat.reshape(shape)


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _NoJsonError("has a field twice in one object")
    return made


def _refuse_constant(name: str) -> None:
    raise _NoJsonError(f"holds {name}, which is no JSON; a number that is not there is null")
