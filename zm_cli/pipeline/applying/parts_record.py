"""The record of a folder of parts, `parts.json`: which files are its parts, in their order."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.shared.receipt_beside import receipt_path
from zm_cli.inputs.small_file import read_small

RECORD = "parts.json"
"""The name of the record in the folder."""
FORMAT = "zm-parts"
MAX_BYTES = 16 << 20
"""A larger file is not a record."""


def write_record(folder: Path, names: Sequence[str], samples: int) -> None:
    """Records the names of the parts in a folder, in their order, and how many samples they hold together.

    Raises DataError if the file system refuses.
    """
    record = {"format": FORMAT, "version": 1, "samples": samples, "parts": list(names)}
    path = folder / RECORD
    try:
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot be written: {error.strerror}", where=str(path)) from error


def list_parts(folder: str) -> list[str] | None:
    """Returns the names of the parts in a folder, by its record, which is not trusted; None if there is no record."""
    names = (_load_record(folder) or {}).get("parts")
    return names if isinstance(names, list) and names and all(map(_is_name, names)) else None


def _load_record(folder: str) -> Mapping[str, Any] | None:
    """Returns the record of a folder, of which only the format is checked; None if there is none."""
    try:
        text = read_small(os.path.join(folder, RECORD), MAX_BYTES)
        found = json.loads(text) if len(text) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("format") == FORMAT else None


def count_samples(paths: Sequence[str]) -> int | None:
    """Returns how many samples the parts hold together if `paths` is one folder of parts, by its record; else None."""
    folder = _find_folder(paths[0]) if len(paths) == 1 else None
    samples = None if folder is None else (_load_record(folder) or {}).get("samples")
    return samples if type(samples) is int and samples >= 0 else None


def refuse_parts(path: str) -> None:
    """Raises UsageError for a folder of parts: each part has a receipt, the folder has none."""
    if list_parts(path) is not None:
        hint = f"join them first: zm join {shlex.quote(path)} -o PATH"
        raise UsageError("is a folder of parts", where=path, hint=hint)


def is_replaceable(folder: Path) -> bool:
    """Returns whether this folder can be replaced without loss.

    That is so if it does not exist, is empty, or holds only parts that zm wrote.
    """
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    names = list_parts(str(folder))
    own = set() if names is None else {RECORD, *names, *(os.path.basename(receipt_path(name)) for name in names)}
    return all(entry.name in own for entry in folder.iterdir())


def _is_name(name: object) -> bool:
    """Returns whether this is the name of an entry of the folder, and of nothing outside of it."""
    return isinstance(name, str) and name not in ("", ".", "..") and not any(letter in name for letter in "/\\\0:")


def find_parts(paths: Sequence[str]) -> list[str]:
    """Returns the parts that `paths` name; a folder of parts, or its record, stands for the parts that it lists.

    Receipts beside parts that are named, too, are left out, and so are records. Raises DataError if a part that is
    listed is not there.
    """
    receipts = {receipt_path(path) for path in paths}
    folders = {os.path.dirname(path) for path in paths if os.path.basename(path) != RECORD}
    found = []
    for path in paths:
        if Path(path) in receipts:
            continue
        folder = _find_folder(path)
        names = list_parts(folder)
        if names is None:
            found.append(path)
        elif folder == path or folder not in folders:
            found += [_find_part(folder, name) for name in names]
    return found


def _find_folder(path: str) -> str:
    """Returns the folder of the parts that `path` names: itself, or that of the record."""
    return os.path.dirname(path) if os.path.basename(path) == RECORD else path


def _find_part(folder: str, name: str) -> str:
    """Returns the path of a part that the record of a folder lists; DataError if it is not there."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        raise DataError(
            f"lists {name}, which is not there", where=os.path.join(folder, RECORD), hint="write the parts again"
        )
    return path
