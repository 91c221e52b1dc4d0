"""Signals and the ends of processes: hold signals back, answer them, end with the parent, and explain an end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from zm_cli.errors import DataError

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a program to end."""

SET_DEATH_SIGNAL, SET_SUBREAPER = 1, 36
"""The numbers of PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER in <sys/prctl.h>."""


@contextmanager
def signals_blocked() -> Iterator[Iterable[int]]:
    """Blocks the signals that ask to end, and yields those that were blocked before.

    Processes that are started meanwhile keep them blocked.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, END_SIGNALS)
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def handle_end_signals(handler: Callable[[int, Any], object] | signal.Handlers) -> None:
    """Sets the handler of the signals that ask to end, except for those that this process was told to ignore."""
    for number in END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def end_with_parent(parent: int) -> None:
    """Lets this process be killed when `parent`, the process that started it, ends; on Linux only."""
    _call_prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(DataError.code)


def adopt_orphans() -> None:
    """Makes this process the parent of processes below it whose own parent ends; on Linux only."""
    _call_prctl(SET_SUBREAPER, 1)


def _call_prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value)


def explain_signal(number: int, path: str | None) -> DataError:
    """Returns the error to report where a signal ended the process that worked on the input at `path`."""
    if number == signal.SIGKILL:
        hint = "if there was too little memory, fewer --workers or a smaller --memory need less"
        return DataError("the work on it was killed (SIGKILL)", where=path, hint=hint)
    if number == signal.SIGXCPU:
        return DataError("the work on it was ended", where=path, hint="there is a limit of time: ulimit -t")
    if number == signal.SIGPROF:
        return DataError("cannot be read: the library took too long", where=path, hint="is it damaged?")
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return DataError(f"cannot be read: the library crashed ({name})", where=path, hint="is it damaged?")
