"""Reads small files that are not trusted: up to a limit, no devices, no waiting for a pipe without a writer."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

from zm_cli.system import AT_ONCE, READ

_os: Any = os
"""The module without its types, which leave out what some system lacks."""


def read_small(path: str | Path, most: int, *, pipes: bool = False) -> bytes:
    """Returns the bytes of a regular file, or with `pipes` of a pipe; of a longer file only the first `most` + 1 bytes.

    A pipe without a writer is empty. Raises OSError if the file cannot be read or is of another type.
    """
    # Without AT_ONCE, opening a pipe without a writer would wait forever.
    descriptor = os.open(path, READ | AT_ONCE)
    with open(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not (stat.S_ISREG(status.st_mode) or (pipes and stat.S_ISFIFO(status.st_mode))):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        if AT_ONCE:
            _os.set_blocking(descriptor, True)
        parts, left = [], most + 1
        # A regular file is read in one part, which `join` does not copy.
        while left and (part := file.read(min(left, max(status.st_size, 1 << 20)))):
            parts.append(part)
            left -= len(part)
    return b"".join(parts)
