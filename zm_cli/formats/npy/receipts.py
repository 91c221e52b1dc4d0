"""The receipts of arrays: one beside the file, which in an archive also keeps those of the other arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zm_cli.formats.shared.receipt_beside import read_receipt
from zm_cli.outputs.receipt import MAX_LETTERS, is_readable

OF_FILE = frozenset({"output", "provenance", "others"})
"""Fields of a receipt that are about the whole file."""


def find_receipt(path: str, name: str) -> Mapping[str, Any] | None:
    """The receipt of the array `name` beside the file at `path`; None, OF_OTHER_DATA or DAMAGED as `read_receipt`."""
    receipt = read_receipt(path)
    if not is_readable(receipt):
        return receipt
    return next((entry for entry in _list_all(receipt) if entry.get("dataset", "") == name[:MAX_LETTERS]), None)


def extend_receipt(receipt: Mapping[str, Any], source: str | None, name: str) -> Mapping[str, Any]:
    """The receipt of the array `name` of the archive at `source`, with those of the other arrays of that archive.

    `source` None: the archive that is written has no other array.
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
    """The receipts of all arrays of a file: the last one, and those that it keeps."""
    return [receipt, *receipt.get("others", ())]
