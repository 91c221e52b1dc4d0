"""The receipt beside a table: written with it as `<table>.zm.json`, believed only while it fits the table's bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zm_cli.errors import DataError
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.receipt import DAMAGED, load_receipt

READ_BYTES = 1 << 20


def receipt_path(table: str) -> Path:
    """Where the receipt of a table lies."""
    return Path(f"{table}.zm.json")


def read_receipt(table: str) -> Mapping[str, Any] | None:
    """What an earlier run says of this table; None where it says nothing or speaks of other bytes, or DAMAGED."""
    document = load_receipt(receipt_path(table))
    if document is None or document is DAMAGED:
        return document
    output = document.get("output")
    if not isinstance(output, dict) or output.get("bytes") != Path(table).stat().st_size:
        return None
    return document if output.get("xxh3_128") == _digest_file(table) else None


def _digest_file(path: str) -> str:
    import xxhash

    hasher = xxhash.xxh3_128()
    try:
        with open(path, "rb") as file:
            while part := file.read(READ_BYTES):
                hasher.update(part)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=path) from error
    return hasher.hexdigest()


def draft_receipt(table: str, receipt: Mapping[str, Any], nbytes: int, digest: str) -> Draft:
    """The receipt of a table of so many bytes with this xxh3_128 digest, not yet at its name; DataError if not."""
    document = {**receipt, "output": {"bytes": nbytes, "xxh3_128": digest}}
    draft = Draft(receipt_path(table))
    try:
        draft.path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        draft.discard()
        raise DataError(f"cannot be written: {error.strerror}", where=str(draft.target)) from error
    return draft
