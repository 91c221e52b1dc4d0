"""Imports polars and keeps Python's SIGINT handler, which polars replaces."""

from __future__ import annotations

import ctypes
import signal
import threading

from zm_cli.system import find_c_function

LARGEST_ACTION = 1 << 10
"""Bytes; larger than a `struct sigaction` on any system."""


def load_polars() -> None:
    """Imports polars and restores the SIGINT handler; may be called from any thread.

    Polars installs its own handler, which Python does not know of and which ignores SIGINT between calls of polars. On
    a system without `sigaction`, only the main thread can restore Python's.
    """
    action = ctypes.create_string_buffer(LARGEST_ACTION)
    sigaction = find_c_function("sigaction")
    if sigaction is not None:
        sigaction(signal.SIGINT, None, action)
    import polars  # noqa: F401

    if sigaction is not None:
        sigaction(signal.SIGINT, action, None)
    elif threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.getsignal(signal.SIGINT))
