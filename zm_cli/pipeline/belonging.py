"""Detects data, receipts and statistics that lie beside one another but do not belong together."""

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
from zm_cli.outputs.receipt import DAMAGED, OF_OTHER_DATA, load_receipt
from zm_cli.running.guard import note_input
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats

STATS = ".stats.json"
BINARY_STATS = ".stats.npz"
"""The end of the name for statistics that may be too large for JSON."""
MAX_BYTES = 4 << 20
"""Larger statistics beside data are not looked at: reading them would take longer than many a command."""


def name_stats(data: str, *, binary: bool = False) -> str:
    """Returns the path of the stats file beside a dataset, of a binary one if JSON may be too large."""
    return f"{data.rstrip(f'/{os.sep}')}{BINARY_STATS if binary else STATS}"


def find_stats(data: str) -> str:
    """Returns the path of the stats file beside a dataset: of two the newer one, or the usual name if there is none.

    There can be both: data that are written again may get a stats file of the other form.
    """
    usual, other = name_stats(data), name_stats(data, binary=True)
    try:
        changed = os.stat(other).st_mtime_ns
        return other if not os.path.exists(usual) or os.stat(usual).st_mtime_ns < changed else usual
    except OSError:
        return usual


def _find_data(path: str) -> str | None:
    """Returns the path of the data that a stats file is named after; None if its name does not end like one."""
    end = next((end for end in (STATS, BINARY_STATS) if path.endswith(end)), None)
    return None if end is None else path.removesuffix(end)


def find_strangers(source: Source) -> Iterator[str]:
    """Yields sentences about what lies beside a source and does not belong to it: a receipt, or statistics."""
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
        # `train.stats.json` beside a folder may describe anything. Data may have been moved together with their own
        # statistics. If one record stands for many sources, these data may be among them.
        own = {os.path.basename(record.path) for record in stats.sources}
        listed = all(record.sources == 1 for record in stats.sources)
        other = listed and os.path.isfile(path) and os.path.basename(path) not in own
        # Another dataset in the file may be the transformed one.
        if other and find_receipt(path, ReadOptions()) is None:
            yield (
                f"{path}: has no receipt, but {find_stats(path)} holds the statistics of {stats.sources[0].path}; "
                f"if zm wrote both, a receipt is missing and these data are transformed already"
            )
    elif _differ(receipt, stats) and not _describes(stats, path) and _are_of_one(stats, source):
        yield f"{path}: was not transformed by {find_stats(path)}, but by other statistics; --inverse needs those"


def list_transformed(receipt: Mapping[str, Any] | None, stats: Stats) -> tuple[str, ...] | None:
    """Returns the columns of the statistics that were transformed by a receipt, in their order.

    None if the receipt does not say, if it is that of an inverse, or if the statistics lack one of its columns.
    """
    columns = set((receipt or {}).get("columns") or ())
    if not columns or (receipt or {}).get("inverse") or stats.per != "column" or stats.names is None:
        return None
    return tuple(name for name in stats.names if name in columns) if columns <= set(stats.names) else None


def find_other_data(path: str, stats: Stats) -> str | None:
    """Returns a sentence if the data that the statistics at `path` are named after were transformed by others.

    None if they were not, or if nothing is known. Whether the data still match their receipt is not checked: they may
    be large.
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


def lies_beside(source: Source) -> bool:
    """Returns whether the statistics that were applied to a source, by its receipt, are in the stats file beside it."""
    stats = _load_beside(source.path)
    return stats is not None and not _differ(source.receipt or {}, stats)


def _load_beside(path: str) -> Stats | None:
    """Returns the statistics beside data; None if there are none that can be read."""
    beside = find_stats(path)
    try:
        status = os.stat(beside)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        return load_stats(beside)
    except (ZmError, OSError):
        return None
    finally:
        # If a library crashes later, the error must name the data, not the statistics.
        note_input(path)


def _differ(receipt: Mapping[str, Any], stats: Stats) -> bool:
    """Returns whether data with this receipt were transformed by other statistics, or other columns of them."""
    if "stats" not in receipt:
        return False
    columns = list_transformed(receipt, stats)
    return bool(receipt["stats"] != digest_stats(stats if columns is None else stats.select(list(columns))))


def _are_of_one(stats: Stats, source: Source) -> bool:
    """Returns whether statistics and source may be of the same dataset of a file, by its name."""
    mine, theirs = source.spec.decoding.get("dataset"), stats.decoding.get("dataset")
    return None in (mine, theirs) or mine == theirs


def _describes(stats: Stats, data: str) -> bool:
    """Returns whether the statistics were measured on these data, by the path that they record."""
    return os.path.abspath(data) in {os.path.abspath(record.path) for record in stats.sources}
