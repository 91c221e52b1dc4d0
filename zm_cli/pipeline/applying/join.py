"""Joins the parts of an output: checks by their receipts that they belong together, and puts them in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zm_cli.data.format import Format, JoinRequest, OutputPart
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect
from zm_cli.methods import methods
from zm_cli.outputs.provenance import parse_provenance
from zm_cli.outputs.receipt import DAMAGED, OF_OTHER_DATA
from zm_cli.outputs.shard_record import COUNTS, FIELD, find_shard, format_shard

OF_PART = frozenset({FIELD, "output", "provenance", "files", "bytes"})
"""Fields of the receipt of a part that the receipt of the whole does not take over."""
OF_FIRST = frozenset({"header", "names", "encoding", "skip_rows", "others"})
"""Fields in which the first part of an output may differ from the others."""
MAX_LISTED = 8
"""The most missing parts that a message lists."""


@dataclass(frozen=True)
class Joined:
    """What was joined: its kind, how many samples it has (None if its parts do not record that), and notes."""

    kind: str
    samples: int | None
    notes: Sequence[str]


def join_parts(
    paths: Sequence[str], output: str, *, copy: bool = False, tick: Callable[[], object] = lambda: None
) -> Joined:
    """Writes one output of all its parts, which are at `paths` in any order, to `output`.

    With `copy`, the output shares nothing with its parts, so that they may be removed or changed. `tick` is called
    after each part. Raises UsageError if parts are missing or named twice, DataError if a path is not a part, if parts
    are not of one output, and if they were changed since they were written.
    """
    entry = _find_format(paths)
    parts = _sort_parts([OutputPart(path, _read_receipt(entry, path)) for path in paths])
    first = parts[0]
    for part in parts[1:]:
        if difference := _find_difference(first.receipt, part.receipt):
            raise DataError(
                f"does not belong to {first.path}: {difference}",
                where=part.path,
                hint="join the parts of one command, or write this part again",
            )
    whole = {name: value for name, value in first.receipt.items() if name not in OF_PART}
    assert entry.join is not None
    notes = entry.join(JoinRequest(parts, whole, output, copy, tick))
    shard = first.receipt[FIELD]
    # What was cut is counted in samples only where they are along an axis; a table is cut by bytes of text.
    return Joined(entry.kind, shard.get("total") if "axis" in shard else None, notes)


def _find_format(paths: Sequence[str]) -> Format:
    """Returns the format of all paths; UsageError if they are of several, or if its outputs are not joined."""
    first, *others = (detect(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        if other.kind != first.kind:
            raise UsageError(
                f"is of another format than {paths[0]}: {other.kind}, not {first.kind}",
                where=path,
                hint="name parts of one output",
            )
    if first.join is None:
        raise UsageError(f"a {first.noun} is not joined", where=paths[0])
    return first


def _read_receipt(entry: Format, path: str) -> Mapping[str, Any]:
    """Returns the receipt of a part; DataError if there is none that says which part it is."""
    receipt = entry.find_receipt(path, ReadOptions())
    if receipt is DAMAGED or receipt is OF_OTHER_DATA:
        why = "its receipt cannot be read" if receipt is DAMAGED else "it was changed since its receipt was written"
        raise DataError(f"cannot be joined: {why}", where=path, hint="write this part again")
    if receipt is None or find_shard(receipt) is None:
        *commands, last = dict.fromkeys(f"zm {method.command}" for method in methods().values())
        raise DataError(
            "is not a part of an output, or was changed since: no receipt says which part it is",
            where=path,
            hint=f"{', '.join(commands)} and {last} write parts with --shard I/N",
        )
    return receipt


def _sort_parts(parts: Sequence[OutputPart]) -> list[OutputPart]:
    """Returns the parts in the order of the data; UsageError if some are missing, or named twice, or cut otherwise."""
    found: dict[int, OutputPart] = {}
    number, example = 0, parts[0]
    for part in parts:
        shard = find_shard(part.receipt)
        assert shard is not None
        number = number or shard.of
        if shard.of != number:
            raise UsageError(
                f"is part {shard}, but {example.path} is part {format_shard(example.receipt)}", where=part.path
            )
        if (other := found.setdefault(shard.index, part)) is not part:
            if os.path.samefile(part.path, other.path):
                raise UsageError("is named twice", where=part.path, hint="name each part once")
            raise UsageError(f"is part {shard}, and so is {other.path}", where=part.path, hint="name each part once")
    if len(found) < number:
        missing = [index for index in range(1, min(number, len(found) + MAX_LISTED + 1) + 1) if index not in found]
        listed = ", ".join(map(str, missing[:MAX_LISTED]))
        rest = number - len(found) - len(missing[:MAX_LISTED])
        more = f" and {rest} more" if rest else ""
        lacking = f"part {listed} of {number} is" if len(missing) == 1 else f"parts {listed}{more} of {number} are"
        raise UsageError(
            f"{lacking} missing", where=f"zm join {parts[0].path} ...", hint="name all parts, in any order"
        )
    return [found[index] for index in range(1, number + 1)]


def _find_difference(first: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Returns a clause that says how a part was made otherwise than the first one; None if it was not."""
    if first.get("stats") != other.get("stats"):
        return "it was written with other statistics"
    for name in dict.fromkeys([*first, *other]):
        if name not in OF_PART | OF_FIRST and first.get(name) != other.get(name):
            return f"{name} is {_show(other.get(name))} here, there {_show(first.get(name))}"
    for name, difference in COUNTS.items():
        ours, theirs = (receipt[FIELD].get(name) for receipt in (first, other))
        if ours != theirs:
            return difference.format(ours=_show(ours), theirs=_show(theirs))
    inputs = [found.inputs for receipt in (first, other) if (found := parse_provenance(receipt.get("provenance")))]
    return "it was made of other inputs" if len(set(inputs)) > 1 else None


def _show(value: Any) -> str:
    return "not given" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
