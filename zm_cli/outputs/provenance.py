"""What an output was made of and how, so that a run that would make the same again has nothing to do."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import xxhash

READ_BYTES = 4 << 20
MOST_LETTERS = 1 << 12
"""Of the options in a record; of more the beginning and a hash."""


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


def shorten_options(text: str) -> str:
    """The options as a record holds them: in letters that any file can hold, and no more than it may."""
    plain = text.encode("utf-8", "backslashreplace").decode()
    if len(plain) <= MOST_LETTERS:
        return plain
    return f"{plain[: MOST_LETTERS // 2]}... xxh3_128:{xxhash.xxh3_128(plain.encode()).hexdigest()}"


def digest_inputs(sources: Iterable[Iterable[tuple[str, str]]]) -> str:
    """A hash of the files of sources, each with its name in the source and its path: of names and bytes, in order.

    What cannot be read counts as that: whether it is an error is for the run itself to say.
    """
    hasher = xxhash.xxh3_128()
    for files in sources:
        hasher.update(b"source\0")
        for name, path in files:
            hasher.update(os.fsencode(name) + b"\0")
            _add_file(hasher, path)
    return f"xxh3_128:{hasher.hexdigest()}"


def _add_file(hasher: xxhash.xxh3_128, path: str) -> None:
    try:
        with open(path, "rb", buffering=0, opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                hasher.update(b"no file\0")
                return
            hasher.update(b"%d\0" % status.st_size)
            while part := file.read(READ_BYTES):
                hasher.update(part)
    except OSError:
        hasher.update(b"unreadable\0")


def _open_at_once(path: str, flags: int) -> int:
    # A pipe without a writer would be waited for.
    return os.open(path, flags | os.O_NONBLOCK)
