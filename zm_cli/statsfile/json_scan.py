"""Finds the ends of values in JSON text without building them, so that a reader can skip those it does not know."""

from __future__ import annotations

import re

MAX_DEPTH = 32
"""The most levels of nested lists and objects in a stats file."""

MAX_LISTS = 3_000_000
"""The most lists and objects that are skipped in one file."""

_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SCALAR = re.compile(_STRING + rb"|-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?|-?[A-Za-z]++", re.DOTALL)
_WORDS = (b"true", b"false", b"null")
# Before Python 3.11.5, a possessive group that fails halfway moves the end of the match. Here that can only be a string
# without an end, which is refused in any case.
_FLAT = re.compile(rb'[^\[\]{}"]*+(?:%s[^\[\]{}"]*+)*+' % _STRING, re.DOTALL)
"""Matches everything up to the next bracket."""
_CLOSERS = {ord("["): ord("]"), ord("{"): ord("}")}


class NotJsonError(ValueError):
    """Raised for text that is not the JSON of a stats file; the message is a clause about the file."""


class Scanner:
    """Finds the ends of values in JSON text, in memory that does not depend on its size.

    Brackets must match and strings must end; what is between them is not checked.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_LISTS

    def skip_space(self, position: int) -> int:
        """Returns the position of the first character from `position` on that is not white space."""
        space = _SPACE.match(self._data, position)
        assert space is not None
        return space.end()

    def find_end(self, start: int) -> int:
        """Returns the position after the value that begins at `start`; NotJsonError if there is none."""
        if self._data[start : start + 1] in (b"[", b"{"):
            return self._find_close(start)
        scalar = _SCALAR.match(self._data, start)
        if scalar is None:
            raise NotJsonError("is not JSON")
        return scalar.end()

    def skip_value(self, start: int) -> int:
        """Returns the same as `find_end`, of a value that will not be read: its end is checked further."""
        end = self.find_end(start)
        if self._data[end - 1 : end].isalpha() and self._data[start : min(end, start + 6)] not in _WORDS:
            raise NotJsonError("is not JSON")
        return end

    def _find_close(self, start: int) -> int:
        """Returns the position after the bracket that closes the one at `start`."""
        closers = bytearray()
        position = start
        while True:
            if position == len(self._data):
                raise NotJsonError("is not JSON")
            sign = self._data[position]
            if sign in _CLOSERS:
                closers.append(_CLOSERS[sign])
                self._left -= 1
            elif sign != closers.pop():
                # This may be the quotation mark of a string without an end.
                raise NotJsonError("is not JSON")
            if len(closers) > MAX_DEPTH:
                raise NotJsonError(f"has more than {MAX_DEPTH} lists and objects one inside another")
            if not self._left:
                raise NotJsonError(f"has more than {MAX_LISTS:,} lists and objects")
            position += 1
            if not closers:
                return position
            flat = _FLAT.match(self._data, position)
            assert flat is not None
            position = flat.end()
