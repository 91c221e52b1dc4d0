"""Marks for tests of what some systems lack, skipped by what is there, and for tests that take long."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import Any

import pytest
from hypothesis import settings

from zm_cli.system import HAS_LOCKS, fork


def _find_module(name: str) -> Any:
    """A module of the standard library, None where the system lacks it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


fcntl, pty, resource, termios = map(_find_module, ("fcntl", "pty", "resource", "termios"))

needs_fork = pytest.mark.skipif(fork is None, reason="needs a system where a process may be copied")
needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with named pipes")
needs_limits = pytest.mark.skipif(resource is None, reason="needs a system with limits of resources")
needs_polling = pytest.mark.skipif(fcntl is None, reason="needs a system where several pipes can be waited for")
needs_groups = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs a system with groups of processes")
needs_users = pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs a system where a process changes its user")
needs_locks = pytest.mark.skipif(not HAS_LOCKS, reason="needs a system that locks files")

slow = pytest.mark.slow
"""Marks what `make test` leaves out and `make test-slow` runs."""
QUICK, ALL = "quick", 100
"""The profile of Hypothesis for `make test`, which tries a fifth of the examples that it tries by default."""


def examples(most: int) -> int:
    """How many examples a property is tried on: `most` of them in `make test-slow`, a fifth in `make test`."""
    assert settings.default is not None
    return most * settings.default.max_examples // ALL


def skip_without_terminal() -> None:
    """Skips the test where a program cannot be given a terminal of its own."""
    if pty is None:
        pytest.skip("needs a terminal of its own")


def skip_without_fifos() -> None:
    """Skips the test where there are no named pipes."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs a system with named pipes")


def skip_without_shell() -> None:
    """Skips the test where there is no shell of POSIX."""
    if shutil.which("sh") is None or os.sep != "/":
        pytest.skip("needs a shell, and paths as it writes them")


def skip_without_h5dump() -> None:
    """Skips the test where the tools of HDF5 are not installed."""
    if shutil.which("h5dump") is None:
        pytest.skip("needs h5dump")
