"""Signals and ends of processes: blocks and handles signals, ends with the parent, explains how a process ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from zm_cli.errors import DataError
from zm_cli.system import find_c_function

INTERRUPTS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGBREAK") if hasattr(signal, name))
"""The signals that the keyboard sends."""
END_SIGNALS = (*INTERRUPTS, *(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)))
"""The termination signals: those that ask a program to end."""

SET_DEATH_SIGNAL, SET_SUBREAPER = 1, 36
"""The numbers of PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER in <sys/prctl.h>."""
KILLED = 9
"""The number of SIGKILL."""

_signal: Any = signal
"""The module without its types, which leave out what some system lacks."""
_MAY_BLOCK = hasattr(signal, "pthread_sigmask")


class Ended(BaseException):
    """Raised in the middle of the work by a termination signal, `number`, if no other process watches this one."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def block_signals() -> Iterator[Iterable[int]]:
    """Blocks the termination signals, and yields the signals that were blocked before.

    Processes that are started meanwhile inherit that. Does nothing on systems without blocking.
    """
    before = _signal.pthread_sigmask(_signal.SIG_BLOCK, END_SIGNALS) if _MAY_BLOCK else ()
    try:
        yield before
    finally:
        block_only(before)


def block_only(numbers: Iterable[int]) -> None:
    """Blocks these signals and unblocks all others; does nothing on systems without blocking."""
    if _MAY_BLOCK:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, numbers)


def handle_end_signals(handler: Callable[[int, Any], object] | signal.Handlers) -> None:
    """Sets the handler of the termination signals, except for those that this process was told to ignore."""
    for number in END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def raise_ended(number: int, _frame: Any) -> None:
    """A handler that raises Ended; the next termination signal ends this process at once."""
    handle_end_signals(signal.SIG_DFL)
    raise Ended(number)


def end_with_parent(parent: int) -> None:
    """Makes the system kill this process when `parent`, which started it, ends; on Linux only."""
    _call_prctl(SET_DEATH_SIGNAL, KILLED)
    if os.getppid() != parent:
        os._exit(DataError.code)


def adopt_orphans() -> None:
    """Makes this process the parent of its descendants whose own parent ends; on Linux only."""
    _call_prctl(SET_SUBREAPER, 1)


def _call_prctl(option: int, value: int) -> None:
    prctl = find_c_function("prctl")
    if prctl is not None:
        prctl(option, value)


LESS_MEMORY = "fewer --workers or a smaller --memory need less"
"""A hint for too little memory on this machine."""


def explain_signal(number: int, path: str | None, less_memory: str = LESS_MEMORY) -> DataError:
    """Returns the error to report if a signal ended the process that was reading the input at `path`.

    `less_memory` is the hint for too little memory.
    """
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    if name == "SIGKILL":
        hint = f"if there was too little memory, {less_memory}"
        return DataError("the process that read it was killed (SIGKILL)", where=path, hint=hint)
    if name == "SIGXCPU":
        return DataError(
            "the process that read it reached its CPU time limit", where=path, hint="raise the limit (ulimit -t)"
        )
    if name == "SIGPROF":
        return DataError("cannot be read: the library took too long", where=path, hint="is it damaged?")
    return DataError(f"cannot be read: the library crashed ({name})", where=path, hint="is it damaged?")
