"""The receipt beside a file, `<file>.zm.json`, which is believed only if it fits the bytes of the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zm_cli.errors import DataError
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.receipt import DAMAGED, OF_OTHER_DATA, load_receipt


def receipt_path(path: str) -> Path:
    """Returns the path of the receipt beside the file at `path`."""
    return Path(f"{path}.zm.json")


def read_receipt(path: str) -> Mapping[str, Any] | None:
    """Returns the receipt that an earlier run left beside the file at `path`.

    None if there is none, OF_OTHER_DATA if it describes other bytes, DAMAGED if it cannot be read. Raises DataError if
    the file itself cannot be read, OSError if it does not exist.
    """
    document = load_receipt(receipt_path(path))
    if document is None or document is DAMAGED:
        return document
    output = document.get("output")
    if not isinstance(output, dict) or output.get("bytes") != Path(path).stat().st_size:
        return OF_OTHER_DATA
    return document if output.get("xxh3_128") == hash_file(path) else OF_OTHER_DATA


def hash_file(path: str | Path) -> str:
    """Returns the xxh3_128 hash of a file in hexadecimal; raises DataError if it cannot be read."""
    import xxhash

    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from error


def draft_receipt(path: str, receipt: Mapping[str, Any], nbytes: int, digest: str) -> Draft:
    """Returns a draft of the receipt of the file at `path`, which takes its name when it is committed.

    `nbytes` is the size of the file and `digest` its xxh3_128 hash in hexadecimal. Raises DataError if the draft cannot
    be written.
    """
    document = {**receipt, "output": {"bytes": nbytes, "xxh3_128": digest}}
    draft = Draft(receipt_path(path))
    try:
        draft.path.write_bytes((json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        draft.discard()
        raise DataError(f"cannot be written: {error.strerror}", where=str(draft.target)) from error
    return draft
