"""Watches a forked copy of this process that does the work: however the copy ends, unfinished outputs are removed.

So a signal may end the work at any point, even in the middle of a library's call, and if a library crashes, zm ends
with an error that names the input. Where this process cannot fork, it does the work itself: it then cleans up after a
signal, but not after a crash.
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
"""The messages about output files, before and after the first one is complete."""

_watched_elsewhere = False
"""Whether the process that started this one reports how it ends."""
_page: SharedPage | None = None
"""Notes for the watching process: the input being read, the message about outputs, the unfinished outputs. None if no
process watches."""
_input: str | None = None
_outputs = ""
_unfinished: dict[str, None] = {}
_lock = threading.Lock()
"""Held while the notes change: several threads may work."""


def stand_by(work: Callable[[], int], remove_left_over: Callable[[str], None]) -> int:
    """Returns the exit code of `work`, which runs in a forked copy of this process, or in this one if it cannot fork.

    Afterwards, `remove_left_over(path)` is called for every path that is still noted as unfinished. A termination
    signal ends the work at once, with the code 128 + its number; any other signal that ends the copy gives the code 3.
    A message on standard error says so.
    """
    return _work_alone(work, remove_left_over) if fork is None else _watch(fork, work, remove_left_over)


def _watch(fork: Callable[[], int], work: Callable[[], int], remove_left_over: Callable[[str], None]) -> int:
    """Forks, does the work in the copy, and waits for its end."""
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
    """Does the work with the signals of `mask` blocked, and exits with its code."""
    code = DataError.code
    try:
        block_only(mask)
        code = _work_traced(work)
    finally:
        # Everything is closed: skip interpreter shutdown, which takes an eighth of a short run. Tools that write at
        # exit (profilers, coverage) do not run.
        os._exit(code)


def _work_alone(work: Callable[[], int], remove_left_over: Callable[[str], None]) -> int:
    """Does the work in this process; a termination signal raises Ended as soon as Python can raise an exception."""
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
    """Waits for the processes that the copy started: they end after it, and keep its drafts locked until then."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _report_end(number: int, path: str | None, outputs: str) -> int:
    """Prints that a signal ended the work, and returns the exit code."""
    if number in END_SIGNALS:
        ended = "interrupted" if number in INTERRUPTS else "terminated"
        print_end(f"{ended}, {outputs}" if outputs else ended, 128 + number)
        return 128 + number
    error = explain_signal(number, path)
    print_error(error)
    return error.code


def is_watched() -> bool:
    """Returns whether another process reports how this one ends, so that a signal may end it."""
    return _page is not None or _watched_elsewhere


def expect_watcher() -> None:
    """Records that the process that started this one reports how it ends, as a Dask worker does for its children."""
    global _watched_elsewhere
    _watched_elsewhere = True


def write_notes_to(page: SharedPage | None) -> None:
    """Makes this process leave its notes in `page`, for the process that watches it; None if no process watches.

    Notes of earlier work are dropped: a worker process is a copy of one that has notes of its own.
    """
    global _page, _input, _outputs
    with _lock:
        _page, _input, _outputs = page, None, ""
        _unfinished.clear()


def note_input(path: str) -> None:
    """Records the input being read, for error messages; safe to call from any thread, as are the others."""
    global _input
    with _lock:
        if path != _input:
            _input = path
            _write_page()


def get_file_note() -> Callable[[str], None]:
    """Returns the function that records the file being decoded: `note_input`, or with several threads a function that
    does nothing, because the thread that crashes may be reading another file."""
    return note_input if threading.active_count() == 1 else _ignore


def _ignore(path: str) -> None:
    pass


def get_noted_input() -> str | None:
    """Returns the input being read; None if none was recorded."""
    return _input or None


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
    """Drops the record of an output that is finished or removed; does nothing if there is no record."""
    with _lock:
        _unfinished.pop(path, None)
        _write_page()


def _write_page() -> None:
    if _page is not None:
        _page.write((_input or "", _outputs, *_unfinished))
