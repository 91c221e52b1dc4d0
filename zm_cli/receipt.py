"""The receipt: what zm says, on or beside an output, of what it did to it; keeps data from being centered twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from zm_cli.errors import DataError

FORMAT = "zm-receipt"
Operation = Literal["center", "standardize"]


def make_receipt(operation: Operation, *, inverse: bool, stats: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The receipt of an operation; `stats` is the digest of its statistics, `settings` is what else decides it."""
    return {"format": FORMAT, "version": 1, "operation": operation, "inverse": inverse, "stats": stats, **settings}


def parse_receipt(text: str | bytes | None) -> dict[str, Any] | None:
    """The receipt in a text; None where there is none or it is something else."""
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def describe_receipt(receipt: Mapping[str, Any] | None) -> str | None:
    """What was done to the data, in a word or two; None where nothing is known."""
    if receipt is None:
        return None
    done = {"center": "centered", "standardize": "standardized"}.get(str(receipt.get("operation")), "written")
    return f"{done}, then undone" if receipt.get("inverse") else done


def check_receipt(found: Mapping[str, Any] | None, wanted: Mapping[str, Any], where: str) -> None:
    """Raises DataError where the data are transformed already, or where an inverse would not undo what was done.

    `wanted` is the receipt of the operation about to be done. Data without a receipt are never refused.
    """
    if found is None:
        return
    transformed = not found.get("inverse")
    if not wanted["inverse"]:
        if transformed:
            raise DataError(
                f"is {describe_receipt(found)} already", where=where, hint="give the original data, or --force"
            )
        return
    if not transformed:
        raise DataError("is not transformed any more", where=where, hint="--force undoes it all the same")
    different = [key for key in ("operation", "stats", "unit", "ddof", "epsilon") if found.get(key) != wanted.get(key)]
    if different:
        says = ", ".join(f"{key} {found.get(key)}" for key in different)
        raise DataError(
            f"was {describe_receipt(found)} otherwise ({says})",
            where=where,
            hint="undo it with the command, statistics and options it was made with, or --force",
        )
