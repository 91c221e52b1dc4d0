"""Whether data, their receipt and the statistics beside them belong together: one of them may have been moved."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import ZmError
from zm_cli.formats import find_receipt
from zm_cli.formats.shared.receipt_beside import receipt_path
from zm_cli.methods import methods
from zm_cli.outputs.receipt import (
    DAMAGED,
    OF_OTHER_DATA,
    describe_receipt,
    find_difference,
    is_readable,
    load_receipt,
)
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.running.guard import note_input
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats

STATS = ".stats.json"
BINARY_STATS = ".stats.npz"
"""The end of the name where the statistics may be too large for JSON."""
MAX_BYTES = 4 << 20
"""Larger statistics beside data are not looked at: that would take longer than many a command."""


def name_stats(data: str, *, binary: bool = False) -> str:
    """The path of the stats file beside a dataset; `binary` where it may be too large for JSON."""
    return f"{data.rstrip(f'/{os.sep}')}{BINARY_STATS if binary else STATS}"


def find_stats(data: str) -> str:
    """The path of the stats file that is beside a dataset, of two the later one; where there is none, its usual name.

    Data that are made again can have statistics of the other form.
    """
    usual, other = name_stats(data), name_stats(data, binary=True)
    try:
        changed = os.stat(other).st_mtime_ns
        return other if not os.path.exists(usual) or os.stat(usual).st_mtime_ns < changed else usual
    except OSError:
        return usual


def _find_data(path: str) -> str | None:
    """The path of the data that a stats file has its name from; None where its name is not such a one."""
    end = next((end for end in (STATS, BINARY_STATS) if path.endswith(end)), None)
    return None if end is None else path.removesuffix(end)


def find_strangers(source: Source) -> Iterator[str]:
    """What beside a source does not belong to it, in sentences: its receipt, or the statistics with its name."""
    path, receipt = source.path, source.receipt
    if receipt is OF_OTHER_DATA:
        yield (
            f"{path}: its receipt ({receipt_path(path)}) is of other data and not used: "
            f"one of the two was edited, moved or replaced, so zm cannot tell whether these data are transformed"
        )
        return
    stats = None if path == "-" or receipt is DAMAGED else _load_beside(path)
    if stats is None or (receipt or {}).get("inverse"):
        return
    if receipt is None:
        # `train.stats.json` beside a folder may be of anything. Data may have been moved together with their own. Where
        # one record stands for many sources, these data may be among them.
        own = {os.path.basename(record.path) for record in stats.sources}
        listed = all(record.sources == 1 for record in stats.sources)
        other = listed and os.path.isfile(path) and os.path.basename(path) not in own
        # Another dataset of the file may be the one that was transformed.
        if other and find_receipt(path, ReadOptions()) is None:
            yield (
                f"{path}: has no receipt, but {find_stats(path)} holds the statistics of {stats.sources[0].path}; "
                f"if zm wrote both, a receipt is missing and these data are transformed already"
            )
    elif _differ(receipt, stats) and not _describes(stats, path) and _are_of_one(stats, source):
        yield f"{path}: was not transformed by {find_stats(path)}, but by other statistics; --inverse needs those"


def list_transformed(receipt: Mapping[str, Any] | None, stats: Stats) -> tuple[str, ...] | None:
    """The columns of the statistics that a receipt says were transformed, in their order; None where it does not say.

    Nor does the receipt of an inverse, or one of columns that the statistics do not have.
    """
    columns = set((receipt or {}).get("columns") or ())
    if not columns or (receipt or {}).get("inverse") or stats.per != "column" or stats.names is None:
        return None
    return tuple(name for name in stats.names if name in columns) if columns <= set(stats.names) else None


def find_other_data(path: str, stats: Stats) -> str | None:
    """A sentence where the statistics at `path` are not those of the data that have the same name; None where they are.

    The receipt of the data is not compared with the data themselves, which may be large.
    """
    data = _find_data(path)
    if data is None or not os.path.isfile(data):
        return None
    receipt = load_receipt(receipt_path(data)) or find_receipt(data, ReadOptions())
    if receipt is None or receipt.get("inverse") or not _differ(receipt, stats):
        return None
    if _describes(stats, data):
        return None
    return f"{path}: {data} was not transformed by these statistics, but by others; were they moved or made again?"


def find_beside(path: str, operation: str) -> tuple[str, Mapping[str, Any]] | None:
    """The path and the receipt of the data that have the name of the statistics at `path`.

    None where there are none, or where no receipt says that this operation has made them.
    """
    data = _find_data(path)
    if data is None or not os.path.exists(data):
        return None
    receipt = find_receipt(data, ReadOptions())
    if not is_readable(receipt) or receipt.get("inverse") or receipt.get("operation") != operation:
        return None
    return data, receipt


def find_other_settings(path: str, applying: ApplyOptions) -> str | None:
    """A sentence where the data that have the name of the statistics at `path` were transformed with other options.

    None where they were not, or by another command, which nobody types by mistake.
    """
    found = None if applying.inverse else find_beside(path, applying.operation)
    if found is None:
        return None
    data, receipt = found
    method = methods()[applying.method_name]
    settings = method.complete(applying)
    # How many components a share of the variance makes is known only later.
    compared = {name: getattr(settings, name) for name in method.settings if name != "components"}
    wanted = {name: list(value) if isinstance(value, tuple) else value for name, value in compared.items()}
    difference = find_difference(
        receipt, {**receipt, **wanted, **({"method": applying.method} if applying.method else {})}
    )
    if difference is None:
        return None
    return f"{data} was {describe_receipt(receipt)} {difference}; data for the same use need the same options"


def _load_beside(path: str) -> Stats | None:
    """The statistics beside data; None where there are none that can be read."""
    beside = find_stats(path)
    try:
        status = os.stat(beside)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        return load_stats(beside)
    except (ZmError, OSError):
        return None
    finally:
        # If a library crashes later, it was not over the statistics.
        note_input(path)


def _differ(receipt: Mapping[str, Any], stats: Stats) -> bool:
    """Whether data with this receipt were transformed by other statistics, or other columns of them."""
    if "stats" not in receipt:
        return False
    columns = list_transformed(receipt, stats)
    return bool(receipt["stats"] != digest_stats(stats if columns is None else stats.select(list(columns))))


def _are_of_one(stats: Stats, source: Source) -> bool:
    """Whether statistics and source may be of one dataset of a file, by its name."""
    mine, theirs = source.spec.decoding.get("dataset"), stats.decoding.get("dataset")
    return None in (mine, theirs) or mine == theirs


def _describes(stats: Stats, data: str) -> bool:
    """Whether the statistics were measured of these data, by the name that they recorded."""
    return os.path.abspath(data) in {os.path.abspath(record.path) for record in stats.sources}
