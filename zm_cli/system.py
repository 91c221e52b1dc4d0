"""Differences between operating systems, detected by feature: opening files, reading at an offset, locks, fork.

If a feature is missing, zm does without it: slower or less safe, with the same results.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:
    fcntl = None

_os: Any = os
"""The module as Any: its types leave out what some systems lack."""

fork: Callable[[], int] | None = None if sys.platform == "darwin" else getattr(os, "fork", None)
"""`os.fork`; None if it is missing or unsafe: libraries of macOS may crash in a forked process."""

READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags of `os.open` for reading binary data."""
WRITE = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags of `os.open` for reading and writing binary data."""
AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)
"""An additional flag: opening a pipe without a writer does not wait."""
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
"""An additional flag: a symbolic link is not opened."""

KEEPS_POSITION = hasattr(os, "pread")
"""Whether `read_at` does not move the position of the descriptor, so that a library may use the descriptor as well."""
_moving = threading.Lock()
"""Held while the position of a descriptor is moved and used."""


def read_at(descriptor: int, view: memoryview, offset: int) -> int:
    """Reads bytes at an offset of a file into `view`, and returns their number, 0 only at the end. Thread-safe."""
    if hasattr(os, "preadv"):
        return int(_os.preadv(descriptor, [view], offset))
    data = read_bytes_at(descriptor, len(view), offset)
    view[: len(data)] = data
    return len(data)


def read_bytes_at(descriptor: int, size: int, offset: int) -> bytes:
    """Returns at most `size` bytes from an offset of a file, none only at the end. Thread-safe."""
    if hasattr(os, "pread"):
        return bytes(_os.pread(descriptor, size, offset))
    with _moving:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)


def write_at(descriptor: int, view: memoryview, offset: int) -> int:
    """Writes the bytes of `view` at an offset of a file, and returns how many were written. Thread-safe."""
    if hasattr(os, "pwrite"):
        return int(_os.pwrite(descriptor, view, offset))
    with _moving:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.write(descriptor, view)


HAS_LOCKS = fcntl is not None
"""Whether `lock_file` can lock."""


def lock_file(descriptor: int) -> None:
    """Locks an open file or folder until it is closed; raises BlockingIOError if another process has locked it.

    Does nothing on a system or a file system without locks.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return


def is_reader_gone(error: OSError) -> bool:
    """Returns whether a write to a standard stream failed because its reader is gone.

    Systems without SIGPIPE report that as an invalid argument.
    """
    if isinstance(error, BrokenPipeError):
        return True
    return not hasattr(signal, "SIGPIPE") and error.errno == errno.EINVAL and error.filename is None


def find_c_function(name: str) -> Any | None:
    """Returns a function of the C library; None if it has no such function, or cannot be loaded."""
    import ctypes

    try:
        # TypeError: on Windows, a library must be named.
        return getattr(ctypes.CDLL(None, use_errno=True), name)
    except (AttributeError, OSError, TypeError):
        return None


def common_folder(paths: Sequence[str]) -> str:
    """Returns the deepest folder that contains all the paths; empty if they are on several drives."""
    try:
        return os.path.commonpath(paths)
    except ValueError:
        return ""
