"""Receipts: a record of what zm did to an output, on or beside it, so that data are not centered twice."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeGuard, get_args

from zm_cli.data.recorded_values import (
    are_texts,
    is_comment,
    is_count,
    is_decimal_mark,
    is_delimiter,
    is_flag,
    is_number,
)
from zm_cli.errors import DataError
from zm_cli.inputs.name_lists import quote_few
from zm_cli.inputs.small_file import read_small
from zm_cli.outputs.provenance import parse_provenance
from zm_cli.outputs.recorded_settings import SETTINGS
from zm_cli.outputs.shard_record import is_shard

FORMAT = "zm-receipt"
Operation = Literal["center", "standardize", "scale", "whiten"]
DONE = {"center": "centered", "standardize": "standardized", "scale": "scaled", "whiten": "whitened"}
"""The participle for data after an operation."""

MAX_BYTES = 1 << 20
"""A larger text is not a receipt."""
MAX_LETTERS = 64
"""The longest text in a receipt: it may be shown in a message."""


def make_receipt(
    operation: Operation, *, inverse: bool, stats: str | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the receipt of an operation; `stats` is the digest of its statistics, if any; `settings` is the rest."""
    applied = {} if stats is None else {"stats": stats}
    return {"format": FORMAT, "version": 1, "operation": operation, "inverse": inverse, **applied, **settings}


def record_columns(names: Sequence[str] | None) -> dict[str, list[str]]:
    """Returns the field of a receipt that names the transformed columns; no field if the names are too long."""
    if names is None or len(json.dumps(list(names))) > MAX_NAMED:
        return {}
    return {"columns": list(names)}


def record_weight(name: str | None) -> dict[str, str | bool]:
    """Returns the field of a receipt for the weights behind the statistics: their name, or True if that is too long.

    Returns no field if there are no weights.
    """
    if not name:
        return {}
    return {"weight": name if len(name) <= MAX_LETTERS and name.isprintable() else True}


DAMAGED: Mapping[str, Any] = {"format": FORMAT, "damaged": True}
"""Stands for a receipt that cannot be read: it is not known what was done to the data."""
OF_OTHER_DATA: Mapping[str, Any] = {"format": FORMAT, "of_other_data": True}
"""Stands for a receipt that does not belong to the data beside it: one of the two was edited, moved or replaced, so
that it is not known what was done to the data."""
MAX_NAMED = 1 << 19
"""The most bytes of names of columns in a receipt, which must stay below MAX_BYTES."""
_MAX_LISTED = 5


def load_receipt(path: str | Path) -> Mapping[str, Any] | None:
    """Returns the receipt in a file whose name is that of a receipt; None if there is no such file, or it holds other
    JSON; DAMAGED if it does not hold JSON, is too large, or cannot be read."""
    try:
        return parse_receipt(read_small(path, MAX_BYTES), damaged=True)
    except OSError:
        return DAMAGED if os.path.isfile(path) else None


def parse_receipt(text: str | bytes | None, *, damaged: bool = False) -> Mapping[str, Any] | None:
    """Returns the receipt in a text that is not trusted; None if there is no text, or it is something else.

    A text that is not JSON is DAMAGED if it contains the name of the format, or if `damaged` says that it must be a
    receipt. Unknown fields and fields with impossible values are dropped: the rest still says that something was done.
    """
    if text is None:
        return None
    try:
        found = json.loads(text) if len(text) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        names_it = (FORMAT if isinstance(text, str) else FORMAT.encode()) in text  # type: ignore[operator]
        return DAMAGED if damaged or names_it else None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return DAMAGED if damaged and len(text) > MAX_BYTES else None
    others = found.get("others")
    nested = [_keep_possible(entry) for entry in others if isinstance(entry, dict)] if isinstance(others, list) else []
    return _keep_possible(found) | ({"others": nested} if nested else {})


def _keep_possible(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields of a receipt whose value is possible."""
    return {field: value for field, value in document.items() if field in _FIELDS and _FIELDS[field](value)}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LETTERS


_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "format": _is_text,
    "version": is_number,
    "operation": lambda value: value in get_args(Operation),
    "inverse": is_flag,
    "stats": _is_text,
    "method": lambda value: _is_text(value) and value.isidentifier(),
    "per": _is_text,
    "unit": lambda value: is_number(value) and value > 0,
    "dtype": _is_text,
    **SETTINGS,
    "weight": lambda value: value is True or (_is_text(value) and value.isprintable()),
    "indicators": lambda value: isinstance(value, dict) and all(isinstance(name, str) for name in value.values()),
    "columns": are_texts,
    "features": are_texts,
    "before": are_texts,
    "names": lambda value: are_texts(value) and bool(value),
    "encoding": lambda value: _is_text(value) and value.isprintable(),
    "shard": is_shard,
    "dataset": _is_text,
    "files": _is_text,
    "delimiter": is_delimiter,
    "decimal": is_decimal_mark,
    "header": is_flag,
    "skip_rows": is_count,
    "comment": is_comment,
    "bytes": is_number,
    "output": lambda value: isinstance(value, dict),
    "provenance": lambda value: parse_provenance(value) is not None,
}
"""The fields that a receipt can have, each with a function that checks its value."""
_UNDONE_ALIKE = ("unit", "ddof", "epsilon", "range", "clip", "quantiles", "components")
"""The fields that must be the same for an inverse to restore the data."""


def has_receipt(found: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Returns whether the data have a receipt of their own, which may be DAMAGED."""
    return found not in (None, OF_OTHER_DATA)


def is_readable(found: Mapping[str, Any] | None) -> TypeGuard[Mapping[str, Any]]:
    """Returns whether the data have a receipt of their own that can be read."""
    return has_receipt(found) and found != DAMAGED


def describe_receipt(receipt: Mapping[str, Any] | None) -> str | None:
    """Returns what was done to the data, in a few words; None if there is no receipt."""
    if receipt is None:
        return None
    if receipt is DAMAGED:
        return "not known: its receipt cannot be read"
    if receipt is OF_OTHER_DATA:
        return "not known: its receipt is of other data"
    done = format_done(receipt) or "written"
    return f"{done}, then undone" if receipt.get("inverse") else done


def format_done(receipt: Mapping[str, Any]) -> str | None:
    """Returns the participle for what was done, with the method; None if the receipt does not say it."""
    done, method = DONE.get(str(receipt.get("operation"))), receipt.get("method")
    return f"{done} ({method})" if done and method else done


def check_receipt(found: Mapping[str, Any] | None, wanted: Mapping[str, Any], where: str) -> None:
    """Raises DataError if the data are transformed already, if an inverse would not undo what was done, or if the
    receipt is damaged.

    `wanted` is the receipt of the operation to do. Data without a receipt of their own are never refused.
    """
    if not has_receipt(found):
        return
    if found is DAMAGED:
        raise DataError(
            "may be transformed already: its receipt cannot be read",
            where=where,
            hint="give the original data, or --force",
        )
    transformed = not found.get("inverse")
    if not wanted["inverse"]:
        if transformed:
            raise DataError(
                f"is {describe_receipt(found)} already", where=where, hint="give the original data, or --force"
            )
        return
    if not transformed:
        raise DataError("is not transformed any more", where=where, hint="--force undoes it anyway")
    if difference := find_difference(found, wanted):
        raise DataError(
            f"was {describe_receipt(found)} {difference}",
            where=where,
            hint="undo it with the command, statistics and options it was made with, or --force",
        )


def check_operation(found: Mapping[str, Any] | None, wanted: Mapping[str, Any], where: str) -> None:
    """Raises DataError if the data were transformed by another operation than an inverse would undo.

    `wanted` has the operation, and the method and the number of components if they are known.
    """
    if not is_readable(found) or found.get("inverse"):
        return
    same = all(found.get(field) == wanted.get(field) for field in ("operation", "method"))
    components = found.get("components")
    if same and wanted.get("components") in (None, components):
        return
    how = f"with --components {components}" if same else f"and not {format_done(wanted)}"
    raise DataError(
        f"was {describe_receipt(found)} {how}",
        where=where,
        hint="undo it with the command, statistics and options it was made with, or --force",
    )


def find_difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """Returns the end of a sentence that says how what was done differs from `wanted`; None if it does not."""
    if (found.get("operation"), found.get("method")) != (wanted.get("operation"), wanted.get("method")):
        return f"and not {format_done(wanted)}"
    columns, others = found.get("columns"), wanted.get("columns")
    if columns is not None and others is not None and set(columns) != set(others):
        return f"in other columns: {_list_names(columns)}, not {_list_names(others)}"
    if found.get("stats") != wanted.get("stats"):
        return "by other statistics than these"
    options = [key for key in _UNDONE_ALIKE if found.get(key) != wanted.get(key)]
    return (
        f"otherwise ({', '.join(f'{key} {_format_setting(found.get(key))}' for key in options)})" if options else None
    )


def _format_setting(value: Any) -> str:
    """Returns a setting as it is typed on the command line."""
    return ",".join(f"{end:g}" for end in value) if isinstance(value, list) else str(value)


def _list_names(names: Sequence[str]) -> str:
    return quote_few([name[:MAX_LETTERS] for name in names], _MAX_LISTED)
