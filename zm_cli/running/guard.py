"""A process on guard while a copy of it works: however the copy ends, what it left unfinished is removed.

So an interrupt may end the work at any point, even in the middle of a library's call, and where a library crashes, zm
ends with an error that names the input.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn

from zm_cli.errors import DataError, print_error
from zm_cli.running.shared_page import SharedPage
from zm_cli.running.signals import (
    END_SIGNALS,
    adopt_orphans,
    end_with_parent,
    explain_signal,
    handle_end_signals,
    signals_blocked,
)

_page: SharedPage | None = None
"""The input being read, then the unfinished outputs, for the process on guard; None: there is none."""
_input: str | None = None
_unfinished: dict[str, None] = {}
_lock = threading.Lock()
"""Held while a note changes: several threads may work."""


def stand_by(work: Callable[[], int], remove_left_over: Callable[[str], None]) -> int:
    """Returns the exit code of `work`, which a copy of this process does.

    Afterwards, `remove_left_over(path)` is called for every path that is still noted as unfinished. A signal that asks
    to end ends the copy at once; the code is 128 and its number. Where another signal ends the copy, the code is 3, and
    standard error says why.
    """
    global _page
    adopt_orphans()
    _page = SharedPage()
    parent = os.getpid()
    # Blocked until both processes have set their handlers.
    with signals_blocked() as mask:
        worker = os.fork()
        if not worker:
            end_with_parent(parent)
            handle_end_signals(signal.SIG_DFL)
            _work_and_exit(work, mask)
        handle_end_signals(lambda number, _frame: _forward_signal(worker, number))
    _, status = os.waitpid(worker, 0)
    code = os.waitstatus_to_exitcode(status)
    _wait_for_orphans()
    path, *unfinished = _page.read()
    for left_over in unfinished:
        # By now another zm may work there.
        with suppress(OSError):
            remove_left_over(left_over)
    return code if code >= 0 else _report_end(-code, path or None)


def _work_and_exit(work: Callable[[], int], mask: Iterable[int]) -> NoReturn:
    """Does the work with the signals of `mask` blocked, and ends this process with its code."""
    code = DataError.code
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        code = work()
    except BaseException:
        # Something that zm needs cannot be loaded: only the trace shows what.
        import traceback

        traceback.print_exc()
    finally:
        # All is done and closed: Python need not take itself apart, which is an eighth of a short run. Only tools that
        # write at exit (profilers, coverage) miss it.
        os._exit(code)


def _forward_signal(worker: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(worker, number)


def _wait_for_orphans() -> None:
    """Waits for the processes that the copy left behind, which end with it: until then they keep its drafts locked."""
    if sys.platform == "linux":
        with suppress(ChildProcessError):
            while True:
                os.wait()


def _report_end(number: int, path: str | None) -> int:
    """Returns the exit code where a signal ended the copy; prints an error unless the signal asks programs to end."""
    if number in END_SIGNALS:
        if sys.stderr is not None and sys.stderr.isatty():
            # Clears the progress bar that may be on this line.
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return 128 + number
    error = explain_signal(number, path)
    print_error(error)
    return error.code


def is_watched() -> bool:
    """Returns whether a process is on guard, so that a signal may end this one."""
    return _page is not None


def note_input(path: str) -> None:
    """Records the input being read, for error messages; safe to call from any thread, as are the others."""
    global _input
    with _lock:
        if path != _input:
            _input = path
            _write_page()


def noted_input() -> str | None:
    """Returns the input being read, None where none was recorded."""
    return _input


def note_unfinished(path: str) -> None:
    """Records an output to be removed if this process ends before `forget_unfinished` is called for it."""
    with _lock:
        _unfinished[path] = None
        _write_page()


def forget_unfinished(path: str) -> None:
    """Drops the record of an output that is finished or removed; does nothing where there is no record."""
    with _lock:
        _unfinished.pop(path, None)
        _write_page()


def _write_page() -> None:
    if _page is not None:
        _page.write((_input or "", *_unfinished))
