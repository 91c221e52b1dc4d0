"""Reads the JSON of a stats file field by field, so that its size bounds the memory that it takes."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.statsfile.json_array import MAX_LISTS, NESTED_NUMBERS, find_most_numbers, parse_flat, to_array
from zm_cli.statsfile.json_scan import NotJsonError, Scanner

JSON_BYTES = 350_000_000
"""The largest JSON stats file, in bytes."""

HEADER_BYTES = 12_000_000
"""The most bytes of all known fields that are not arrays. Parsed, they take up to 50 times as much memory."""

JSON_FEATURES = NESTED_NUMBERS
"""Statistics of more features must be saved as .npz or .h5: as text they would take more than JSON_BYTES."""

MAX_FIELDS = 1_000
"""The most fields of a file: many more than this version writes, because later versions may add some."""

MAX_KEY_BYTES = 4096
"""The most bytes of the name of a field."""

_PLAIN_KEY = re.compile(rb'[ \t\n\r]*+"([A-Za-z0-9_]{1,64}+)"[ \t\n\r]*+:[ \t\n\r]*+')
"""Matches the name of a field, with its colon, as nearly all are written."""


def parse_json(
    data: bytes, where: str, known: Collection[str], arrays: Collection[str] = frozenset()
) -> dict[str, Any]:
    """Returns the `known` fields of a JSON object, and those in `arrays` as NumPy arrays; all others are skipped.

    An array of a section is named like `quantiles.values`; other fields of a section are kept, in an object, if the
    section is a known field. Arrays are int64, or float64 with null as NaN. Raises DataError if the text is not a JSON
    object in UTF-8, has a field twice, or is larger than a stats file can be.
    """
    hint = "make a stats file with zm stats"
    if len(data) > JSON_BYTES:
        raise DataError(
            f"is larger than {JSON_BYTES // 10**6} MB of JSON", where=where, hint="keep it as .npz, which is smaller"
        )
    try:
        return _Text(data, _list_sections(frozenset(arrays))).take_object(known, arrays)
    except NotJsonError as error:
        raise DataError(str(error), where=where, hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise DataError("is not JSON", where=where, hint=hint) from error


@lru_cache(maxsize=4)
def _list_sections(arrays: frozenset[str]) -> frozenset[str]:
    """The sections of the named arrays: `groups` and `groups.quantiles` of `groups.quantiles.values`."""
    names = (array.split(".") for array in arrays)
    return frozenset(".".join(parts[:count]) for parts in names for count in range(1, len(parts)))


class _Text:
    """A JSON text that is read from its beginning, one field after another.

    `sections` are the names of the objects in which there can be arrays.
    """

    def __init__(self, data: bytes, sections: Collection[str]) -> None:
        self._data = data
        self._sections = sections
        self._scanner = Scanner(data)
        self._position = 0
        self._budget = HEADER_BYTES
        self._decoder = json.JSONDecoder(object_pairs_hook=_make_object, parse_constant=_refuse_constant)

    def take_object(self, known: Collection[str], arrays: Collection[str]) -> dict[str, Any]:
        """Returns the fields of the object that makes up the whole text."""
        if self._data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise NotJsonError("begins with a byte order mark, which JSON must not have")
        if not self._next_is(b"{"):
            raise NotJsonError("is empty" if self._at_end() else "is not a JSON object")
        found: dict[str, Any] = {}
        for key in self._take_keys():
            section = key in self._sections
            if section and self._next_is(b"{"):
                self._take_section(key, arrays, found, others=key in known)
            elif section and key not in known:
                raise NotJsonError(f"holds '{key}', which is not an object")
            elif key in arrays:
                found[key] = self._take_array(key)
            elif key in known:
                found[key] = self._take_value()
            else:
                self._position = self._scanner.skip_value(self._position)
        if not self._at_end():
            raise NotJsonError("goes on after the end of its JSON")
        return found

    def _take_section(self, name: str, arrays: Collection[str], found: dict[str, Any], *, others: bool) -> None:
        """Takes the fields of a section, whose object was opened; with `others`, also those that are not arrays.

        A section can have sections.
        """
        fields: dict[str, Any] = {}
        for key in self._take_keys():
            field = f"{name}.{key}"
            section = field in self._sections
            if section and self._next_is(b"{"):
                self._take_section(field, arrays, found, others=False)
            elif section:
                raise NotJsonError(f"holds '{field}', which is not an object")
            elif field in arrays:
                found[field] = self._take_array(field)
            elif others:
                fields[key] = self._take_value()
            else:
                self._position = self._scanner.skip_value(self._position)
        if others:
            found[name] = fields
        elif not any(field.startswith(f"{name}.") for field in found):
            raise NotJsonError(f"holds '{name}' without any of its arrays")

    def _take_keys(self) -> Iterator[str]:
        """Yields the names of the fields of an object that was opened; the caller takes the value after each name."""
        keys: set[str] = set()
        closed = self._next_is(b"}")
        while not closed:
            key = self._take_key()
            if len(keys) == MAX_FIELDS:
                raise NotJsonError("has more fields than a stats file")
            if key in keys:
                raise NotJsonError(f"has the field '{key[:50]}' twice")
            keys.add(key)
            yield key
            if not self._next_is(b","):
                if not self._next_is(b"}"):
                    raise NotJsonError("is not JSON")
                closed = True

    def _next_is(self, sign: bytes) -> bool:
        if not self._data.startswith(sign, self._position):
            self._position = self._scanner.skip_space(self._position)
        there = self._data.startswith(sign, self._position)
        self._position += there
        return there

    def _at_end(self) -> bool:
        return self._scanner.skip_space(self._position) == len(self._data)

    def _take_key(self) -> str:
        """Returns the name of the next field, and moves to its value."""
        plain = _PLAIN_KEY.match(self._data, self._position)
        if plain is not None:
            self._position = plain.end()
            return plain[1].decode()
        start = self._scanner.skip_space(self._position)
        end = self._scanner.find_end(start)
        if end - start > MAX_KEY_BYTES:
            raise NotJsonError("has a field with a name that is too long")
        key = self._decode(start, end)
        self._position = end
        if not isinstance(key, str) or not self._next_is(b":"):
            raise NotJsonError("is not JSON")
        self._position = self._scanner.skip_space(self._position)
        return key

    def _take_value(self) -> Any:
        """Returns the next value, which must not have more bytes than are left for such values."""
        start, end = self._position, self._scanner.find_end(self._position)
        self._budget -= end - start
        if self._budget < 0:
            raise NotJsonError(f"holds more than {HEADER_BYTES // 10**6} MB besides its numbers")
        self._position = end
        return self._decode(start, end)

    def _decode(self, start: int, end: int) -> Any:
        """Returns the value between two positions; ValueError if it is not exactly one."""
        text = self._data[start:end].decode()
        value, taken = self._decoder.raw_decode(text)
        if taken < len(text):
            raise NotJsonError("is not JSON")
        return value

    def _take_array(self, field: str) -> NDArray[Any]:
        """Returns the next value, which must be numbers in nested lists."""
        start = self._position
        if not self._data.startswith(b"[", start):
            raise NotJsonError(f"has a '{field}' that is not an array")
        # An array of numbers holds no quotation mark, so it ends before the next one.
        end = self._data.find(b'"', start)
        end = len(self._data) if end < 0 else end
        lists, closed = self._data.count(b"[", start, end), self._data.find(b"]", start, end)
        most = find_most_numbers(lists)
        if self._data.count(b",", start, end) > most or lists > MAX_LISTS:
            raise NotJsonError(f"has more than {most:,} numbers in '{field}'")
        if lists == 1 and closed >= 0:
            return self._take_flat(field, start + 1, closed)
        try:
            values, taken = self._decoder.raw_decode(self._data[start:end].decode("ascii"))
        except NotJsonError:
            raise
        except (ValueError, RecursionError) as error:
            raise NotJsonError(f"has a '{field}' that is not an array of numbers") from error
        self._position += taken
        try:
            return to_array(values)
        except ValueError as error:
            raise NotJsonError(f"has a '{field}' that {error}") from error

    def _take_flat(self, field: str, start: int, end: int) -> NDArray[Any]:
        """Returns the numbers between the brackets of a list, and moves behind it."""
        self._position = end + 1
        try:
            return parse_flat(self._data, start, end, self._decoder)
        except NotJsonError:
            raise
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotJsonError(f"has a '{field}' that is not an array of numbers") from error
        except ValueError as error:
            raise NotJsonError(f"has a '{field}' that {error}") from error


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise NotJsonError("has a field twice in one object")
    return made


def _refuse_constant(name: str) -> None:
    raise NotJsonError(f"holds {name}, which JSON does not have; null stands for no number")
