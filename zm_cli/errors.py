"""The errors that users see: each says where, what, and what to do, and has an exit code."""

from __future__ import annotations

import sys
from contextlib import suppress


class ZmError(Exception):
    """An error: `where` (a path or an option), `what` is wrong, and a `hint`; printed once, as one line."""

    code = 3

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes raise these errors, and exceptions with keyword arguments do not pickle by themselves.
        return _rebuild, (type(self), self.what, self.where, self.hint)

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}{self.what}{hint}"


def _rebuild(kind: type[ZmError], what: str, where: str | None, hint: str | None) -> ZmError:
    return kind(what, where=where, hint=hint)


def escape_controls(text: str) -> str:
    """Returns the text with control characters escaped: a name or cell from a file must not control the terminal."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


_as_json = False


def print_errors_as_json() -> None:
    """Makes `print_error` print JSON objects from now on, in this process and its forked copies."""
    global _as_json
    _as_json = True


def print_error(error: ZmError) -> None:
    """Prints an error on standard error as one line: a sentence, or a JSON object after `print_errors_as_json`."""
    _print(f"error: {error}", error.where, error.what, error.hint, error.code)


def print_end(what: str, code: int) -> None:
    """Prints on standard error, as `print_error` does, that zm was told to end, which is not an error."""
    _print(what, None, what, None, code)


def _print(sentence: str, where: str | None, what: str, hint: str | None, code: int) -> None:
    if _as_json:
        import json

        text = json.dumps({"where": where, "what": what, "hint": hint, "code": code})
    else:
        text = f"zm: {escape_controls(sentence)}"
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)


class UsageError(ZmError):
    """The command cannot be run as typed: an unknown name, an impossible combination, a path that does not exist."""

    code = 2


class DataError(ZmError):
    """The data cannot be used: unreadable, damaged, empty, not fitting the statistics; or the disk is full."""

    code = 3


class NothingToMeasureError(DataError):
    """The data are sound but hold no numbers to measure: an empty file, a table without rows, arrays of text."""
