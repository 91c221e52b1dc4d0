"""A process on guard while a copy of it works: however the copy ends, what it left unfinished is removed.

So an interrupt may end the work at any point, even in the middle of a library's call, and where a library crashes, zm
ends with an error that names the input. Where this process cannot be copied, it works alone: it then cleans up after an
interrupt, but not after a crash.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn

from zm_cli.errors import DataError, print_end, print_error
from zm_cli.running.shared_page import SharedPage
from zm_cli.running.signals import (
    END_SIGNALS,
    INTERRUPTS,
    Ended,
    adopt_orphans,
    block_only,
    block_signals,
    end_with_parent,
    explain_signal,
    handle_end_signals,
    raise_ended,
)
from zm_cli.system import fork

NOTHING, SOME = "nothing written", "not everything was written"
"""What is said of the outputs, where the command makes files, before and after the first of them is complete."""

_watched_elsewhere = False
"""Whether the process that started this one explains its end."""
_page: SharedPage | None = None
"""The input being read, what to say of the outputs, then the unfinished ones, for the process on guard; None: there is
none."""
_input: str | None = None
_outputs = ""
_unfinished: dict[str, None] = {}
_lock = threading.Lock()
"""Held while a note changes: several threads may work."""


def stand_by(work: Callable[[], int], remove_left_over: Callable[[str], None]) -> int:
    """Returns the exit code of `work`, which a copy of this process does, or where there is no `fork` this process.

    Afterwards, `remove_left_over(path)` is called for every path that is still noted as unfinished. A signal that asks
    to end ends the work at once; the code is 128 and its number. Where another signal ends the copy, the code is 3.
    Standard error says either.
    """
    return _work_alone(work, remove_left_over) if fork is None else _watch(fork, work, remove_left_over)


def _watch(fork: Callable[[], int], work: Callable[[], int], remove_left_over: Callable[[str], None]) -> int:
    """Stands by while a copy of this process works."""
    global _page
    adopt_orphans()
    _page = SharedPage()
    parent = os.getpid()
    # Blocked until both processes have set their handlers.
    with block_signals() as mask:
        worker = fork()
        if not worker:
            end_with_parent(parent)
            handle_end_signals(signal.SIG_DFL)
            _work_and_exit(work, mask)
        handle_end_signals(lambda number, _frame: _forward_signal(worker, number))
    _, status = os.waitpid(worker, 0)
    code = os.waitstatus_to_exitcode(status)
    _wait_for_orphans()
    texts = _page.read()
    _remove_all(texts[2:], remove_left_over)
    if code >= 0:
        return code
    if -code in END_SIGNALS and sys.stderr is not None and sys.stderr.isatty():
        # Clears the progress bar that the copy may have left on this line.
        with suppress(OSError):
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    return _report_end(-code, texts[0] or None, texts[1] if len(texts) > 1 else "")


def _work_and_exit(work: Callable[[], int], mask: Iterable[int]) -> NoReturn:
    """Does the work with the signals of `mask` blocked, and ends this process with its code."""
    code = DataError.code
    try:
        block_only(mask)
        code = _work_traced(work)
    finally:
        # All is done and closed: Python need not take itself apart, which is an eighth of a short run. Only tools that
        # write at exit (profilers, coverage) miss it.
        os._exit(code)


def _work_alone(work: Callable[[], int], remove_left_over: Callable[[str], None]) -> int:
    """Does the work in this process; a signal that asks to end ends it where Python is next free to raise an error."""
    try:
        handle_end_signals(raise_ended)
        code, ended_by = _work_traced(work), 0
    except Ended as end:
        code, ended_by = 0, end.number
    _remove_all(list(_unfinished), remove_left_over)
    return _report_end(ended_by, None, _outputs) if ended_by else code


def _work_traced(work: Callable[[], int]) -> int:
    try:
        return work()
    except Ended:
        raise
    except BaseException:
        # Something that zm needs cannot be loaded: only the trace shows what.
        import traceback

        traceback.print_exc()
        return DataError.code


def _remove_all(unfinished: Iterable[str], remove_left_over: Callable[[str], None]) -> None:
    for path in unfinished:
        # By now another zm may work there.
        with suppress(OSError):
            remove_left_over(path)


def _forward_signal(worker: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(worker, number)


def _wait_for_orphans() -> None:
    """Waits for the processes that the copy left behind, which end with it: until then they keep its drafts locked."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _report_end(number: int, path: str | None, outputs: str) -> int:
    """Returns the exit code where a signal ended the work, and prints what happened."""
    if number in END_SIGNALS:
        ended = "interrupted" if number in INTERRUPTS else "terminated"
        print_end(f"{ended}, {outputs}" if outputs else ended, 128 + number)
        return 128 + number
    error = explain_signal(number, path)
    print_error(error)
    return error.code


def is_watched() -> bool:
    """Returns whether another process explains the end of this one, so that a signal may end it."""
    return _page is not None or _watched_elsewhere


def expect_watcher() -> None:
    """Records that the process that started this one explains its end, though it does not stand by for the command."""
    global _watched_elsewhere
    _watched_elsewhere = True


def note_input(path: str) -> None:
    """Records the input being read, for error messages; safe to call from any thread, as are the others."""
    global _input
    with _lock:
        if path != _input:
            _input = path
            _write_page()


def get_noted_input() -> str | None:
    """Returns the input being read, None where none was recorded."""
    return _input


def promise_files() -> None:
    """Records that everything this command writes goes to files that appear when they are complete."""
    global _outputs
    with _lock:
        _outputs = NOTHING
        _write_page()


def note_written() -> None:
    """Records that an output is about to appear under its final name."""
    global _outputs
    with _lock:
        _outputs = _outputs and SOME
        _write_page()


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
        _page.write((_input or "", _outputs, *_unfinished))
