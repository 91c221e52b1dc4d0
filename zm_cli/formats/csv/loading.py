"""Loads polars without letting it replace Python's answer to an interrupt."""

from __future__ import annotations

import ctypes
import signal
import threading

from zm_cli.system import find_c_function

LARGEST_ACTION = 1 << 10
"""Bytes; more than a `struct sigaction` has on any system."""


def load_polars() -> None:
    """Imports polars and restores the handler of interrupts as it was; may be called from any thread.

    Polars installs its own handler, which Python does not know of and which ignores interrupts between calls of polars.
    Without `sigaction`, only the main thread can restore it.
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
