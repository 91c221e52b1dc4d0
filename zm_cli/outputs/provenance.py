"""Provenance: what an output was made from and how, so that a run that would make the same again can be skipped."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import xxhash

from zm_cli.data.digest import format_digest
from zm_cli.system import AT_ONCE

READ_BYTES = 4 << 20
MAX_LETTERS = 1 << 12
"""The longest text in a provenance. Longer options are replaced by their beginning and a hash."""


@dataclass(frozen=True)
class Provenance:
    """How an output was made: the version of zm, the options that affect the output, and a digest of all inputs."""

    version: str
    options: str
    inputs: str

    def to_document(self) -> dict[str, str]:
        """Returns the provenance as JSON values."""
        return asdict(self)

    def find_difference(self, other: Provenance) -> str | None:
        """Returns the names of the fields that differ, in words; None if all are the same."""
        different = [field for field, value in asdict(self).items() if getattr(other, field) != value]
        return " and ".join(different) or None


def parse_provenance(value: Any) -> Provenance | None:
    """Returns the provenance in a value that is not trusted; None if it is not one. Ignores other keys."""
    if not isinstance(value, dict):
        return None
    texts: dict[str, Any] = {field.name: value.get(field.name) for field in fields(Provenance)}
    if not all(isinstance(text, str) and len(text) <= MAX_LETTERS for text in texts.values()):
        return None
    return Provenance(**texts)


def shorten_options(text: str) -> str:
    """Returns the options as a provenance holds them: at most MAX_LETTERS characters, all of which UTF-8 can encode."""
    plain = text.encode("utf-8", "backslashreplace").decode()
    if len(plain) <= MAX_LETTERS:
        return plain
    return f"{plain[: MAX_LETTERS // 2]}... {format_digest(xxhash.xxh3_128(plain.encode()))}"


def digest_inputs(sources: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Returns a hash of the names and bytes of the files of some sources, in order.

    A file is given as its name in the source and its path. One that cannot be read is hashed as unreadable, without an
    error.
    """
    hasher = xxhash.xxh3_128()
    for files in sources:
        hasher.update(b"source\0")
        for name, path in files:
            hasher.update(os.fsencode(name) + b"\0")
            _add_file(hasher, path)
    return format_digest(hasher)


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
    # Without AT_ONCE, opening a pipe without a writer would wait.
    return os.open(path, flags | AT_ONCE)
