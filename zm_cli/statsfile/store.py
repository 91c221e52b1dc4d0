"""Stats files on disk: JSON by default, .npz and .h5 by suffix, the same fields in each; never pickle."""

from __future__ import annotations

import io
import json
import math
import sys
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.inputs.small_file import read_small
from zm_cli.inputs.standard_input import StandardInput
from zm_cli.numbers.axes import choose_per, feature_shape
from zm_cli.outputs.draft import Draft, check_folder
from zm_cli.running.guard import note_input
from zm_cli.running.time_limit import limited
from zm_cli.statsfile.hdf5 import Hdf5Stats
from zm_cli.statsfile.header import MOST_FEATURES
from zm_cli.statsfile.json_text import HEADER_BYTES, JSON_BYTES, JSON_FEATURES, parse_json
from zm_cli.statsfile.npz import HEADER, NpzStats
from zm_cli.statsfile.reader import ARRAYS, read_document, read_stats
from zm_cli.statsfile.stats import FORMAT, Stats

UNREADABLE = (OSError, KeyError, TypeError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What NumPy and h5py raise for files that are damaged or no such files at all."""

BINARY = (".npz", ".h5", ".hdf5")
SUFFIXES = (".json", *BINARY)

REMAKE = "make it again with zm stats"
MOST_REASON = 200
"""Characters of a library's reason that are told: it may quote the file."""


def to_json(document: Mapping[str, Any]) -> str:
    """The document as JSON, a line a field; floats as the shortest text that reads back to the same bits."""
    lines = [
        f"  {json.dumps(field)}: {json.dumps(_plain(value), allow_nan=False)}" for field, value in document.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        finite = value.astype(object)
        finite[~np.isfinite(value)] = None
        return finite.tolist()
    return value.tolist()


def digest_stats(stats: Stats) -> str:
    """A hash of everything the statistics say, the same whichever kind of file holds them and whoever asked for it."""
    return "xxh3_128:" + xxhash.xxh3_128(to_json(stats.to_document() | {"made": None}).encode()).hexdigest()


def check_target(path: str) -> None:
    """Raises UsageError where `path` cannot be the name of a stats file."""
    if path == "-":
        return
    if Path(path).suffix.lower() not in SUFFIXES:
        raise UsageError("is no name for a stats file", where=path, hint="end it in .json, .npz or .h5")
    check_folder(Path(path))


def check_room(path: str, spec: Spec, asked: str | None, where: str) -> None:
    """Raises UsageError where a stats file of that name cannot hold the statistics of such data, before they are made.

    `asked` is what gets a mean of its own, None for the default; `where` names the data.
    """
    features = feature_shape(spec, choose_per(spec, asked, where))
    # Samples of several sizes have no means per pixel anyway.
    if None not in features:
        _check_features(path, math.prod(features))


def _check_features(path: str, features: int) -> None:
    binary = Path(path).suffix.lower() in BINARY
    if features > MOST_FEATURES:
        raise UsageError(
            f"a stats file holds at most {MOST_FEATURES:,} features, here are {features:,}",
            where=path,
            hint="--per channel has few",
        )
    if features > JSON_FEATURES and not binary:
        raise UsageError(
            f"a stats file of JSON holds at most {JSON_FEATURES:,} features, here are {features:,}",
            where=path,
            hint="end its name in .npz (-o, or --save-stats)",
        )


def save_stats(stats: Stats, path: str) -> None:
    """Writes the stats file, whole or not at all; `-` is JSON on standard output."""
    draft = draft_stats(stats, path)
    if draft is not None:
        draft.commit()


def draft_stats(stats: Stats, path: str) -> Draft | None:
    """The stats file, written but not yet at its name; None where it went to standard output (`-`)."""
    check_target(path)
    _check_features(path, stats.moments.mean.size)
    document = stats.to_document()
    suffix = Path(path).suffix.lower()
    encode = {".json": _to_text, ".npz": _to_npz}.get(suffix, _to_hdf5)
    if path == "-":
        sys.stdout.write(to_json(document))
        return None
    draft = Draft(Path(path))
    try:
        draft.path.write_bytes(encode(document))
    except BaseException as error:
        draft.discard()
        if isinstance(error, OSError):
            raise DataError(f"cannot be written: {error.strerror}", where=path) from error
        raise
    return draft


def _to_text(document: Mapping[str, Any]) -> bytes:
    _split(document)
    return to_json(document).encode()


def _split(document: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The fields that are no arrays as JSON, and the arrays; DataError where that is more than will be read again."""
    arrays = {field: value for field, value in document.items() if isinstance(value, np.ndarray)}
    header = to_json({field: value for field, value in document.items() if field not in arrays})
    if len(header) > HEADER_BYTES:
        raise DataError(
            f"a stats file holds at most {HEADER_BYTES // 10**6} MB of names, here are {len(header) // 10**6} MB",
            hint="measure fewer columns, or clear away what cannot be read",
        )
    return header, arrays


def _to_npz(document: Mapping[str, Any]) -> bytes:
    header, arrays = _split(document)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{HEADER: np.array(header)}, **arrays)
    return buffer.getvalue()


def _to_hdf5(document: Mapping[str, Any]) -> bytes:
    import h5py

    header, arrays = _split(document)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs[HEADER] = header
        for field, array in arrays.items():
            file.create_dataset(field, data=array, track_times=False)
    return buffer.getvalue()


def load_stats(path: str) -> Stats:
    """The statistics in a stats file (`-`: JSON on standard input), in memory that its numbers bound.

    Raises UsageError where there is none, DataError where it is damaged, contradicts itself, or is too large.
    """
    note_input(path)
    if path == "-":
        return _read_json(StandardInput().read_to_end(JSON_BYTES + 1), "standard input")
    place = Path(path)
    try:
        if not place.exists() or place.is_dir():
            raise UsageError("there is no such stats file", where=path, hint="make one with zm stats")
        suffix = place.suffix.lower()
        if suffix not in BINARY:
            return _read_json(read_small(place, JSON_BYTES, pipes=True), path)
        if not place.is_file():
            raise DataError("is no regular file", where=path, hint="only JSON is read from a pipe")
        return _read_binary(place, suffix)
    except UNREADABLE as error:
        raise DataError(f"cannot be read as a stats file: {_explain(error)}", where=path, hint=REMAKE) from error


def is_stats_file(path: str) -> bool:
    """Whether a file says that it holds statistics, by its first bytes and its own words."""
    place = Path(path)
    suffix = place.suffix.lower()
    if not place.is_file() or suffix not in SUFFIXES:
        return False
    try:
        if suffix == ".json":
            # Anywhere in it: other programs put the fields in an order of their own.
            return f'"{FORMAT}"'.encode() in read_small(place, JSON_BYTES)
        with limited(path), _open_binary(place, suffix) as file:
            return parse_json(file.read_header(), path).get("format") == FORMAT
    except (*UNREADABLE, DataError):
        return False


def _read_json(data: bytes, where: str) -> Stats:
    return read_document(parse_json(data, where, ARRAYS), where)


def _read_binary(place: Path, suffix: str) -> Stats:
    with limited(str(place)), _open_binary(place, suffix) as file:
        document = parse_json(file.read_header(), str(place))
        return read_stats(document, file.list_arrays(), file.take, str(place))


def _open_binary(place: Path, suffix: str) -> NpzStats | Hdf5Stats:
    return NpzStats(place) if suffix == ".npz" else Hdf5Stats(place)


def _explain(error: BaseException) -> str:
    """The cause of a failed reading in one clause, whatever the library makes of it."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error.args[0] if error.args else "")
    return " ".join(text.split())[:MOST_REASON] or type(error).__name__
