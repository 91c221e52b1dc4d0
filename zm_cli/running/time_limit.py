"""How long a library may be at work on a file before it is held to be going in circles, as it may in a damaged one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from zm_cli.running import guard

SECONDS = 20.0
"""Of processor time, whatever the size of the file."""
BYTES_A_SECOND = 1 << 20
"""So many bytes of the file are worth another second: far more than any that is sound needs."""

_lock = threading.Lock()
_inside = 0


@contextmanager
def limited(path: str) -> Iterator[None]:
    """Calls of a library on the file at `path`, for which this process is ended where they do not come to an end.

    It dies of SIGPROF, and the process that stands by tells why; where none does, there is no limit. May be nested and
    used by several threads, whose time is counted together, anew whenever one of them begins.
    """
    global _inside
    if not guard.is_watched():
        yield
        return
    try:
        size = os.stat(path).st_size
    except OSError:
        size = 0
    with _lock:
        _inside += 1
        signal.setitimer(signal.ITIMER_PROF, SECONDS + size / BYTES_A_SECOND)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                signal.setitimer(signal.ITIMER_PROF, 0)
