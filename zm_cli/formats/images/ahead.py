"""Reads files one after another, and asks the disk for the next ones meanwhile."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import Any

from zm_cli.system import AT_ONCE, READ

_os: Any = os
"""The module without its types, which leave out what some systems lack."""

AHEAD = 8
"""The number of files that are opened and requested in advance."""

PIECE = 1 << 20
"""Bytes to read at once from a file that holds more than its size said."""
FLAGS = READ | AT_ONCE
"""With these, opening a pipe that nobody writes to does not wait; it is then refused."""


def read_ahead(paths: Iterable[str]) -> Generator[bytes | OSError | MemoryError]:
    """Yields the bytes of each file in order, or the error that reading it raised."""
    opened: deque[int | OSError] = deque()
    try:
        for path in paths:
            opened.append(_open(path))
            if len(opened) > AHEAD:
                yield _read(opened.popleft())
        while opened:
            yield _read(opened.popleft())
    finally:
        for file in opened:
            if isinstance(file, int):
                os.close(file)


def open_file(path: str) -> io.FileIO:
    """Returns the file at `path`, to read parts of it; raises OSError if it is not a regular file."""
    descriptor = os.open(path, FLAGS)
    try:
        _check_regular(os.fstat(descriptor), "it is not a regular file")
        return io.FileIO(descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _open(path: str) -> int | OSError:
    try:
        descriptor = os.open(path, FLAGS)
    except OSError as error:
        return error
    if hasattr(os, "posix_fadvise"):
        # Some file systems do not support posix_fadvise.
        with suppress(OSError):
            _os.posix_fadvise(descriptor, 0, 0, _os.POSIX_FADV_WILLNEED)
    return descriptor


def _read(file: int | OSError) -> bytes | OSError | MemoryError:
    if isinstance(file, OSError):
        return file
    try:
        return _read_all(file)
    except (OSError, MemoryError) as error:
        return error
    finally:
        os.close(file)


def _read_all(descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    # It was a regular file when the folder was listed; a device would be read without end.
    _check_regular(status, "it is not a regular file any more")
    expected = status.st_size
    # One byte more than expected: a file that has not grown is then read by one call, without another to find its end.
    data = os.read(descriptor, expected + 1)
    if len(data) == expected:
        return data
    pieces = [data]
    while piece := os.read(descriptor, PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def _check_regular(status: os.stat_result, fault: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, fault)
