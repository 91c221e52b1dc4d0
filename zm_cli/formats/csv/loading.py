"""polars, loaded without what it does to interrupts."""

from __future__ import annotations

import ctypes
import signal

LARGEST_ACTION = 1 << 10
"""Bytes, more than a `struct sigaction` has anywhere."""


def load_polars() -> None:
    """Loads polars and leaves the answer to an interrupt as it was, in whatever thread this is.

    Polars puts its own in place, behind Python's back: between its calls an interrupt would be lost.
    """
    action = ctypes.create_string_buffer(LARGEST_ACTION)
    sigaction = ctypes.CDLL(None).sigaction
    sigaction(signal.SIGINT, None, action)
    import polars  # noqa: F401

    sigaction(signal.SIGINT, action, None)
