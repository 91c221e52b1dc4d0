"""Loads polars without letting it replace Python's answer to an interrupt."""

from __future__ import annotations

import ctypes
import signal

LARGEST_ACTION = 1 << 10
"""Bytes; more than a `struct sigaction` has on any system."""


def load_polars() -> None:
    """Imports polars and restores the handler of interrupts as it was; may be called from any thread.

    Polars installs its own handler, which Python does not know of and which ignores interrupts between calls of polars.
    """
    action = ctypes.create_string_buffer(LARGEST_ACTION)
    sigaction = ctypes.CDLL(None).sigaction
    sigaction(signal.SIGINT, None, action)
    import polars  # noqa: F401

    sigaction(signal.SIGINT, action, None)
