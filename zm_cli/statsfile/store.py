"""Stats files on disk: saved and loaded as JSON, .npz or HDF5, by their suffix."""

from __future__ import annotations

import math
import os
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.inputs.small_file import read_small
from zm_cli.inputs.standard_input import StandardInput
from zm_cli.numbers.axes import choose_per, find_feature_shape
from zm_cli.numbers.statistic import MAX_FEATURES, Shape, Statistic
from zm_cli.outputs.draft import Draft, check_folder
from zm_cli.running.guard import note_input
from zm_cli.running.time_limit import limited
from zm_cli.statsfile.arrays import known_arrays
from zm_cli.statsfile.encode import encode_hdf5, encode_json, encode_npz, to_json
from zm_cli.statsfile.hdf5 import Hdf5Stats
from zm_cli.statsfile.header import KNOWN_FIELDS
from zm_cli.statsfile.json_array import can_be_read, find_most_numbers
from zm_cli.statsfile.json_text import JSON_BYTES, JSON_FEATURES, parse_json
from zm_cli.statsfile.npz import NpzStats
from zm_cli.statsfile.reader import read_json, read_stats
from zm_cli.statsfile.stats import FORMAT, Stats

UNREADABLE = (OSError, KeyError, TypeError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""The errors that zipfile and h5py raise for files that are damaged or of another kind."""

BINARY = (".npz", ".h5", ".hdf5")
SUFFIXES = (".json", *BINARY)

REMAKE = "make it again with zm stats"
MAX_REASON = 200
"""The most characters of a library's reason in a message: the reason may quote the file."""


def check_target(path: str) -> None:
    """Raises UsageError if `path` cannot be the name of a stats file."""
    if path == "-":
        return
    if Path(path).suffix.lower() not in SUFFIXES:
        raise UsageError("is not a name for a stats file", where=path, hint="end it in .json, .npz or .h5")
    check_folder(Path(path))


def check_room(
    path: str,
    specs: Sequence[Spec],
    asked: str | None,
    where: str,
    statistics: Iterable[type[Statistic]] = (),
    needed_for: Mapping[str, str] | None = None,
) -> None:
    """Raises UsageError, before any work, if a stats file at `path` may be too small for the statistics of such data.

    `specs` are those of all sources, which are pooled; `asked` is what gets a mean of its own, None for the default;
    `where` names the data. `statistics` are computed besides the moments; `needed_for` is as in `MeasureOptions`.
    """
    features = find_feature_shape(specs[0], choose_per(specs[0], asked, where))
    # Samples of several sizes have no means per pixel; measuring reports that.
    if None not in features:
        check_features(path, math.prod(features), statistics, _count_different(specs, features), needed_for)


def _count_different(specs: Sequence[Spec], features: Shape) -> int | None:
    """Returns how many different values a feature can have, by their number and dtypes; None if there is no limit."""
    known = []
    if not any(spec.samples is None or None in spec.sample_shape for spec in specs):
        values = sum((spec.samples or 0) * math.prod(size or 0 for size in spec.sample_shape) for spec in specs)
        known.append(values // max(1, math.prod(features)))
    bits = 8 * max(spec.dtype.itemsize for spec in specs)
    if bits <= 16:
        known.append(len(specs) << bits)
    return min(known, default=None)


def check_features(
    path: str,
    features: int,
    statistics: Iterable[type[Statistic]] = (),
    different: int | None = None,
    needed_for: Mapping[str, str] | None = None,
) -> None:
    """Raises UsageError if a stats file at `path` may be too small for statistics of so many features.

    `different` is how many different values each feature can have, None if that is not known; with 0, statistics are
    refused only if they are certainly too large.
    """
    binary = Path(path).suffix.lower() in BINARY
    if features > MAX_FEATURES:
        raise UsageError(
            f"a stats file holds at most {MAX_FEATURES:,} features, here are {features:,}",
            where=path,
            hint="--per channel has few",
        )
    if features > JSON_FEATURES and not binary:
        raise _too_large(path, f"{JSON_FEATURES:,} features, here are {features:,}")
    for statistic in statistics:
        numbers = statistic.count_longest(features, different)
        most = find_most_numbers(1 if statistic.longest_is_1d else 2)
        # Too many features for the statistic itself are reported elsewhere.
        if numbers > most and not binary and features <= statistic.most_features:
            option = (needed_for or {}).get(statistic.name) or (
                statistic.option.spelling if statistic.option else statistic.name
            )
            count = f"{'up to ' * statistic.longest_is_1d}{numbers:,}"
            raise _too_large(path, f"{most:,} numbers in an array, {option} of {features:,} features has {count}")


def save_stats(stats: Stats, path: str) -> None:
    """Writes the stats file, completely or not at all; `-` is JSON on standard output.

    Raises UsageError for a path that cannot be a stats file, DataError if it cannot be written.
    """
    draft = draft_stats(stats, path)
    if draft is not None:
        draft.commit()


def draft_stats(stats: Stats, path: str) -> Draft | None:
    """Returns the stats file as a draft, which gets its name with `commit`; None if it went to standard output (`-`).

    Raises the errors of `save_stats`.
    """
    check_target(path)
    check_features(path, stats.moments.mean.size, map(type, stats.statistics.values()), different=0)
    suffix = Path(path).suffix.lower()
    if stats.groups is not None and suffix not in BINARY and stats.groups.moments.mean.size > JSON_FEATURES:
        number, features = len(stats.groups.names), stats.moments.mean.size
        raise _too_large(path, f"{JSON_FEATURES:,} features, here are {features:,} in {number:,} groups")
    document = stats.to_document()
    if suffix not in BINARY:
        check_json(document, path)
    encode = {".json": encode_json, ".npz": encode_npz}.get(suffix, encode_hdf5)
    if path == "-":
        sys.stdout.write(to_json(document))
        return None
    draft = Draft(Path(path))
    try:
        content = encode(document)
        if suffix == ".json" and len(content) > JSON_BYTES:
            raise _too_large(path, f"{JSON_BYTES // 10**6} MB, this would have {len(content) // 10**6}")
        draft.path.write_bytes(content)
    except BaseException as error:
        draft.discard()
        if isinstance(error, OSError):
            raise DataError(f"cannot be written: {error.strerror}", where=path) from error
        raise
    return draft


def check_json(document: Mapping[str, Any], path: str) -> None:
    """Raises UsageError if a stats file of JSON, to be written at `path`, would be too large to be read."""
    for field, array in document.items():
        if isinstance(array, np.ndarray) and not can_be_read(array.shape):
            most = find_most_numbers(array.ndim)
            raise _too_large(path, f"{most:,} numbers in an array, '{field}' has {array.size:,}")


def _too_large(path: str, what: str) -> UsageError:
    """Returns the error of statistics that are too large for JSON; `what` is the limit, and what exceeds it."""
    return UsageError(
        f"a stats file of JSON holds at most {what}", where=path, hint="end its name in .npz (-o, or --save-stats)"
    )


def load_stats(path: str) -> Stats:
    """Returns the statistics in a stats file; `-` is JSON on standard input. The numbers in the file bound the memory.

    Raises UsageError if there is no such file, DataError if it is damaged, contradicts itself, or is too large.
    """
    note_input(path)
    if path == "-":
        return read_json(StandardInput().read_to_end(JSON_BYTES + 1), "standard input")
    file = Path(path)
    try:
        if file.is_dir():
            hint = f"name the stats files in it: {os.path.join(path, '*.json')}"
            raise UsageError("is a folder, not a stats file", where=path, hint=hint)
        if not file.exists():
            raise UsageError("there is no such stats file", where=path, hint="make one with zm stats")
        suffix = file.suffix.lower()
        if suffix not in BINARY:
            return read_json(read_small(file, JSON_BYTES, pipes=True), path)
        if not file.is_file():
            raise DataError("is not a regular file", where=path, hint="only JSON is read from a pipe")
        return _read_binary(file, suffix)
    except UNREADABLE as error:
        raise DataError(f"cannot be read as a stats file: {_explain(error)}", where=path, hint=REMAKE) from error


def is_stats_file(path: str) -> bool:
    """Returns whether a file says that it is a stats file, by its contents and the end of its name."""
    file = Path(path)
    suffix = file.suffix.lower()
    if not file.is_file() or suffix not in SUFFIXES:
        return False
    try:
        if suffix == ".json":
            # The field may be anywhere in the file: other programs write the fields in another order.
            return f'"{FORMAT}"'.encode() in read_small(file, JSON_BYTES)
        with limited(path), _open_binary(file, suffix) as stored:
            return parse_json(stored.read_header(), path, {"format"}).get("format") == FORMAT
    except (*UNREADABLE, DataError):
        return False


def _read_binary(path: Path, suffix: str) -> Stats:
    with limited(str(path)), _open_binary(path, suffix) as stored:
        document = parse_json(stored.read_header(), str(path), KNOWN_FIELDS)
        return read_stats(document, stored.find_arrays(known_arrays()), stored.take, str(path))


def _open_binary(path: Path, suffix: str) -> NpzStats | Hdf5Stats:
    return NpzStats(path) if suffix == ".npz" else Hdf5Stats(path)


def _explain(error: BaseException) -> str:
    """Returns why a file could not be read, in one clause, whichever library raised the error."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error.args[0] if error.args else "")
    return " ".join(text.split())[:MAX_REASON] or type(error).__name__
