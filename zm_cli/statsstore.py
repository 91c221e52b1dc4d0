"""Stats files on disk: JSON by default, .npz and .h5 by suffix, the same fields in each; never pickle."""

from __future__ import annotations

import io
import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from zm_cli.draft import Draft, check_folder
from zm_cli.errors import DataError, UsageError
from zm_cli.statsfile import FORMAT, Stats
from zm_cli.statsreader import read_document

HEADER = "header"
"""The member of an .npz or .h5 stats file that holds, as JSON, every field that is no array."""

UNREADABLE = (OSError, KeyError, TypeError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What NumPy and h5py raise for files that are damaged or no such files at all."""

SUFFIXES = (".json", ".npz", ".h5", ".hdf5")


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
    """A hash of everything the statistics say, the same whichever kind of file holds them."""
    return "xxh3_128:" + xxhash.xxh3_128(to_json(stats.to_document()).encode()).hexdigest()


def check_target(path: str) -> None:
    """Raises UsageError where `path` cannot be the name of a stats file."""
    if path == "-":
        return
    if Path(path).suffix.lower() not in SUFFIXES:
        raise UsageError("is no name for a stats file", where=path, hint="end it in .json, .npz or .h5")
    check_folder(Path(path))


def save_stats(stats: Stats, path: str) -> None:
    """Writes the stats file, whole or not at all; `-` is JSON on standard output."""
    draft = draft_stats(stats, path)
    if draft is not None:
        draft.commit()


def draft_stats(stats: Stats, path: str) -> Draft | None:
    """The stats file, written but not yet at its name; None where it went to standard output (`-`)."""
    check_target(path)
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
    return to_json(document).encode()


def _split(document: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    arrays = {field: value for field, value in document.items() if isinstance(value, np.ndarray)}
    return to_json({field: value for field, value in document.items() if field not in arrays}), arrays


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
    """The statistics in a stats file; UsageError where there is none, DataError where it is damaged."""
    if path == "-":
        return read_document(_parse(sys.stdin.read(), "standard input"), "standard input")
    place = Path(path)
    if not place.exists() or place.is_dir():
        raise UsageError("there is no such stats file", where=path, hint="make one with zm stats")
    readers: dict[str, Callable[[Path], dict[str, Any]]] = {".npz": _from_npz, ".h5": _from_hdf5, ".hdf5": _from_hdf5}
    read = readers.get(place.suffix.lower(), _from_json)
    try:
        document = read(place)
    except UNREADABLE as error:
        raise DataError(f"cannot be read as a stats file: {error}", where=path) from error
    return read_document(document, path)


def is_stats_file(path: str) -> bool:
    """Whether a file says that it holds statistics, by its first bytes and its own words."""
    place = Path(path)
    suffix = place.suffix.lower()
    if not place.is_file() or suffix not in SUFFIXES:
        return False
    if suffix == ".json":
        # Anywhere in it: other programs put the fields in an order of their own.
        return f'"{FORMAT}"'.encode() in place.read_bytes()
    try:
        document = _from_npz(place) if suffix == ".npz" else _from_hdf5(place)
    except (*UNREADABLE, DataError):
        return False
    return document.get("format") == FORMAT


def _from_json(place: Path) -> dict[str, Any]:
    return _parse(place.read_text(encoding="utf-8"), str(place))


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError("is no JSON", where=where, hint="make a stats file with zm stats") from error
    if not isinstance(document, dict):
        raise DataError("is no stats file", where=where, hint="make one with zm stats")
    return document


def _from_npz(place: Path) -> dict[str, Any]:
    with np.load(place, allow_pickle=False) as members:
        document = _parse(str(members[HEADER]), str(place))
        return document | {field: members[field] for field in members.files if field != HEADER}


def _from_hdf5(place: Path) -> dict[str, Any]:
    import h5py

    with h5py.File(place, "r") as file:
        header = file.attrs[HEADER]
        document = _parse(header if isinstance(header, str) else "", str(place))
        return document | {field: file[field][()] for field in file}
