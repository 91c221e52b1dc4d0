"""Recognizes files that zm does not read, by their first bytes or names, and says how to read them nevertheless."""

from __future__ import annotations

import codecs
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

from zm_cli.formats.shared.foreign.kind import Foreign
from zm_cli.formats.shared.foreign.kinds import (
    BINARIES,
    ENDINGS,
    EXCEL,
    FOLDERS,
    JSON,
    JSON_LINES,
    MEMBERS,
    OFFICE,
    RECEIPT,
    TEXTS,
)
from zm_cli.formats.shared.foreign.ways import unpack_beside

HEAD_BYTES = 1 << 16
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"

STARTS: Mapping[bytes, Foreign] = {start: entry for entry in (*BINARIES, *TEXTS) for start in entry.starts} | {
    ZIP: MEMBERS[-1][1]
}
"""The kinds of streams by their first bytes; a stream can be read only once."""


def find_foreign(path: str) -> Foreign | None:
    """Returns what the file or folder at `path` is, by its contents or else by its name; None if that is not known."""
    found, named = find_by_content(path), find_by_name(path)
    # By its contents, a single JSON line or a receipt is any JSON file, and an old workbook any Office document.
    more_exact = (found, named) in ((JSON, JSON_LINES), (JSON, RECEIPT), (OFFICE, EXCEL))
    return named if found is None or more_exact else found


def find_by_name(path: str) -> Foreign | None:
    """Returns what a file of this name usually is; None if that is not known."""
    name = os.path.basename(path.rstrip("/")).lower()
    found = [
        (len(suffix), index)
        for index, entry in enumerate(ENDINGS)
        for suffix in entry.suffixes
        if name.endswith(suffix)
    ]
    return ENDINGS[max(found)[1]] if found else None


def find_by_content(path: str) -> Foreign | None:
    """Returns what the file at `path` is by its first bytes, or the folder by its entries;
    None if that is not known."""
    location = Path(path)
    if location.is_dir():
        return next((entry for name, entry in FOLDERS.items() if (location / name).exists()), None)
    if not location.is_file():
        return None
    try:
        with location.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return None
    if head.startswith(ZIP):
        return _look_into_zip(location)
    if not head.startswith(GZIP):
        return _find_in_head(head)
    inner = _find_in_head(_unpack_head(location))
    if inner is None or inner.may_be_packed:
        return inner
    return Foreign(f"{inner.noun}, compressed with gzip", unpack_beside("gzip"))


def is_text(path: str) -> bool:
    """Returns whether the file at `path` begins with text in UTF-8."""
    try:
        with open(path, "rb") as file:
            head = codecs.getincrementaldecoder("utf-8")().decode(file.read(HEAD_BYTES))
    except (OSError, UnicodeDecodeError):
        return False
    return all(letter.isprintable() or letter.isspace() for letter in head.removeprefix("\ufeff"))


def _find_in_head(head: bytes) -> Foreign | None:
    return next((entry for entry in (*BINARIES, *TEXTS) if entry.begins(head)), None)


def _unpack_head(path: Path) -> bytes:
    """Returns the first unpacked bytes of a gzip file; no bytes if it is damaged."""
    import gzip

    try:
        with gzip.open(path) as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _look_into_zip(path: Path) -> Foreign | None:
    """Returns the kind of a zip archive, by the names of its members; None if it is damaged."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        return None
    return next(entry for has_members, entry in MEMBERS if has_members(names))
