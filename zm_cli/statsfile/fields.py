"""Takes fields from a JSON object that is not trusted, and checks their types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from zm_cli.data.recorded_values import is_count, is_number
from zm_cli.errors import DataError


def field_error(field: str, what: str, where: str) -> DataError:
    """Returns the error of a field of the stats file at `where`; `what` is a clause about the field."""
    return DataError(f"'{field}' {what}", where=where, hint="the file is damaged; make it again with zm stats")


class Fields:
    """Takes fields from a document, and checks the type of each.

    `inside` is put before the names of fields in errors. All methods raise DataError, naming the field, if it is absent
    or of another type.
    """

    def __init__(self, document: Mapping[str, Any], where: str, inside: str = "") -> None:
        self._document = document
        self._where = where
        self._inside = inside

    def __contains__(self, field: str) -> bool:
        return field in self._document

    def error(self, field: str, what: str) -> DataError:
        """Returns the error of a field; `what` is a clause about it."""
        return field_error(self._inside + field, what, self._where)

    def take(self, field: str, kind: type | tuple[type, ...], what: str) -> Any:
        """Returns the value of a field, of one of these types; `what` names them in an error."""
        if field not in self._document:
            raise self.error(field, "is not there")
        value = self._document[field]
        if not isinstance(value, kind):
            raise self.error(field, f"is not {what}")
        return value

    def take_text(self, field: str) -> str:
        """Returns a text."""
        return cast(str, self.take(field, str, "text"))

    def take_flag(self, field: str) -> bool:
        """Returns true or false."""
        return cast(bool, self.take(field, bool, "true or false"))

    def take_count(self, field: str) -> int:
        """Returns a whole number from 0 to MAX_COUNT."""
        value = self.take(field, int, "a whole number")
        if not is_count(value):
            raise self.error(field, "is not a whole number from 0 to 2**63 - 1")
        return cast(int, value)

    def take_number(self, field: str) -> float | None:
        """Returns a finite number, or None."""
        value = self.take(field, (int, float, type(None)), "a number")
        if value is not None and not is_number(value):
            raise self.error(field, "is not a finite number")
        return cast("float | None", value)

    def take_list(self, field: str) -> list[Any]:
        """Returns a list of any values."""
        return cast("list[Any]", self.take(field, list, "a list"))

    def take_texts(self, field: str) -> tuple[str, ...]:
        """Returns a list of texts."""
        entries = self.take_list(field)
        if not set(map(type, entries)) <= {str}:
            raise self.error(field, "holds something that is not text")
        return tuple(entries)

    def take_names(self, field: str) -> tuple[str, ...] | None:
        """Returns a list of texts that differ from one another, or None."""
        names = self.take(field, (list, type(None)), "a list")
        if names is None:
            return None
        if not set(map(type, names)) <= {str} or len(set(names)) != len(names):
            raise self.error(field, "holds a text twice, or something that is not text")
        return tuple(names)
