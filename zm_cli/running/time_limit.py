"""Limits the processor time of a library on one file: on a damaged file, it may never finish."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zm_cli.running import guard

SECONDS = 20.0
"""The smallest limit, in seconds of processor time."""
BYTES_PER_SECOND = 1 << 20
"""The limit grows by a second for every so many bytes of the file, which is far more than a sound file needs."""

_signal: Any = signal
"""The module without its types, which leave out what some system lacks."""
_lock = threading.Lock()
_inside = 0


@contextmanager
def limited(path: str) -> Iterator[None]:
    """Wraps the calls of a library on the file at `path`, and ends this process with SIGPROF if they take too long.

    The watching process explains that; without one, there is no limit. May be nested and used by several threads: their
    time is counted together, from zero whenever one of them begins.
    """
    global _inside
    if not guard.is_watched() or not hasattr(signal, "setitimer"):
        yield
        return
    try:
        size = os.stat(path).st_size
    except OSError:
        size = 0
    with _lock:
        _inside += 1
        _signal.setitimer(_signal.ITIMER_PROF, SECONDS + size / BYTES_PER_SECOND)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                _signal.setitimer(_signal.ITIMER_PROF, 0)
