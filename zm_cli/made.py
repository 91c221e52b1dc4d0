"""What an output was made of and how, so that a run that would make the same again has nothing to do."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import xxhash

from zm_cli.errors import DataError

READ_BYTES = 4 << 20
MOST_LETTERS = 1 << 16
"""Of a text that a record may hold."""


@dataclass(frozen=True)
class Made:
    """A record of a run: the version of zm, the options that decide what comes out, a digest of all that was read."""

    version: str
    options: str
    inputs: str

    def to_document(self) -> dict[str, str]:
        """The record as JSON can hold it."""
        return asdict(self)

    def find_difference(self, other: Made) -> str | None:
        """What of two records differs, in words; None where they are the same."""
        different = [field for field, value in asdict(self).items() if getattr(other, field) != value]
        return " and ".join(different) or None


def parse_made(value: Any) -> Made | None:
    """The record in a value that may be anybody's; None where it is none."""
    if not isinstance(value, dict) or value.keys() != asdict(Made("", "", "")).keys():
        return None
    if not all(isinstance(text, str) and len(text) <= MOST_LETTERS for text in value.values()):
        return None
    return Made(**value)


def digest_inputs(paths: Sequence[str]) -> str:
    """A hash of the bytes of files, and of all files in folders with their relative paths, links followed.

    Raises DataError where something cannot be read, or is no file and no folder.
    """
    hasher = xxhash.xxh3_128()
    for path in paths:
        for name, place in _list_files(path):
            _add_file(hasher, name, place)
    return f"xxh3_128:{hasher.hexdigest()}"


def _list_files(path: str) -> Iterator[tuple[str, str]]:
    """The files at a path in a settled order, each with its name in the folder, which is empty for a single file."""
    if not os.path.isdir(path):
        yield "", path
        return
    seen = set()
    for folder, folders, files in os.walk(path, followlinks=True):
        # Links may lead in circles.
        identity = os.path.realpath(folder)
        if identity in seen:
            folders.clear()
            continue
        seen.add(identity)
        folders.sort()
        for file in sorted(files):
            place = os.path.join(folder, file)
            yield os.path.relpath(place, path), place


def _add_file(hasher: xxhash.xxh3_128, name: str, place: str) -> None:
    try:
        with open(place, "rb", buffering=0, opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DataError("is no regular file", where=place, hint="leave out --if-changed")
            hasher.update(os.fsencode(name) + b"\0%d\0" % status.st_size)
            while part := file.read(READ_BYTES):
                hasher.update(part)
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=place) from error


def _open_at_once(path: str, flags: int) -> int:
    # A pipe without a writer would be waited for.
    return os.open(path, flags | os.O_NONBLOCK)
