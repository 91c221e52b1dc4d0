"""The receipts of arrays: the one beside the file, which for an archive also keeps those of its other arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zm_cli.formats.npy.choose import list_arrays
from zm_cli.formats.shared.receipt_beside import read_receipt
from zm_cli.outputs.receipt import MAX_LETTERS, is_readable

OF_FILE = frozenset({"output", "provenance", "others"})
"""Fields of a receipt that are about the whole file."""


def find_receipt(path: str, name: str) -> Mapping[str, Any] | None:
    """Returns the receipt of the array `name` beside the file at `path`;
    else None, OF_OTHER_DATA or DAMAGED, as `read_receipt` does."""
    receipt = read_receipt(path)
    if not is_readable(receipt):
        return receipt
    return next((entry for entry in _list_all(receipt) if entry.get("dataset", "") == name[:MAX_LETTERS]), None)


def name_transformed(path: str) -> list[str]:
    """Returns the names of the arrays in the file at `path` that receipts say are transformed."""
    receipt = read_receipt(path)
    if not is_readable(receipt):
        return []
    transformed = {entry.get("dataset", "") for entry in _list_all(receipt) if not entry.get("inverse")}
    return [array.name for array in list_arrays(path) if array.name[:MAX_LETTERS] in transformed]


def extend_receipt(receipt: Mapping[str, Any], source: str | None, name: str) -> Mapping[str, Any]:
    """Returns the receipt of the array `name`, with those of the other arrays in the archive at `source`.

    `source` is None if the archive that is written has no other array.
    """
    own = name[:MAX_LETTERS]
    there = None if source is None else read_receipt(source)
    earlier = _list_all(there) if is_readable(there) else []
    others = [
        {field: value for field, value in entry.items() if field not in OF_FILE}
        for entry in earlier
        if entry.get("dataset") != own
    ]
    return {**receipt, "dataset": own} | ({"others": others} if others else {})


def _list_all(receipt: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the receipts of all arrays of a file: the last one, and those that it keeps."""
    return [receipt, *receipt.get("others", ())]
