"""A process that stands by while a copy of it works: however that ends, what it left half done is removed.

So an interrupt may end the work at any point, in the middle of a library's call too, and where a library crashes, zm
ends with an error that names the input.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from zm_cli.errors import DataError, print_error

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a program to end."""

PAGE_BYTES = 64 << 10
"""Room for one note."""
SET_DEATH_SIGNAL, SET_SUBREAPER = 1, 36
"""The numbers of PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER in <sys/prctl.h>."""

_page: mmap.mmap | None = None
"""Memory shared with the process that stands by: two notes, and before them the number of the one that holds; None:
nobody stands by."""
_input: str | None = None
_half_done: dict[str, None] = {}


def stand_by(work: Callable[[], int]) -> int:
    """The exit code of `work`, which a copy of this process does.

    A signal that asks to end ends the copy at once; the code is 128 and its number. Where the copy dies of another
    signal, the code is 3 and the cause is said on standard error.
    """
    global _page
    _call_prctl(SET_SUBREAPER, 1)
    _page = mmap.mmap(-1, 2 * PAGE_BYTES + 1)
    parent = os.getpid()
    # Held back until each of the two has its answer to them.
    with signals_held() as mask:
        worker = os.fork()
        if not worker:
            die_with(parent)
            _answer_signals(signal.SIG_DFL)
            _end(work, mask)
        _answer_signals(lambda number, _frame: _hand_on(worker, number))
    _, status = os.waitpid(worker, 0)
    code = os.waitstatus_to_exitcode(status)
    _wait_for_all()
    path = _remove_half_done()
    return code if code >= 0 else _say_end(-code, path)


def _answer_signals(answer: Callable[[int, Any], object] | signal.Handlers) -> None:
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, answer)


@contextmanager
def signals_held() -> Iterator[Iterable[int]]:
    """Holds back the signals that ask to end, and yields those held before; processes born meanwhile see none."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(work: Callable[[], int], mask: Iterable[int]) -> NoReturn:
    code = DataError.code
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        code = work()
    except BaseException:
        # Something that zm needs cannot be loaded: what it is shows the trace alone.
        import traceback

        traceback.print_exc()
    finally:
        # All is done and closed: Python need not take itself apart, which is an eighth of a short run. Only tools that
        # write at exit (profilers, coverage) miss it.
        os._exit(code)


def _hand_on(worker: int, number: int) -> None:
    try:
        os.kill(worker, number)
    except ProcessLookupError:
        return


def die_with(parent: int) -> None:
    """Has this process killed when `parent`, which it was copied from, is gone; on Linux only."""
    _call_prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(DataError.code)


def _call_prctl(what: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(what, value)


def _wait_for_all() -> None:
    """Waits for the processes that the copy left behind, which die with it: they hold its drafts locked till then."""
    if sys.platform == "linux":
        with suppress(ChildProcessError):
            while True:
                os.wait()


def is_watched() -> bool:
    """Whether another process stands by, so that a signal may end this one."""
    return _page is not None


def note_input(path: str) -> None:
    """Has it known which input is in hand."""
    global _input
    _input = path
    _write_page()


def noted_input() -> str | None:
    """The input in hand."""
    return _input


def note_half_done(path: str) -> None:
    """Has the file or folder that is to be made at `path` removed if this process ends before `forget`."""
    _half_done[path] = None
    _write_page()


def forget(path: str) -> None:
    """Ends what `note_half_done` began."""
    _half_done.pop(path, None)
    _write_page()


def _write_page() -> None:
    if _page is None:
        return
    text = b"\0".join(os.fsencode(path) for path in (_input or "", *_half_done))
    if len(text) < PAGE_BYTES:
        # Death may come in the middle of it: the note that holds is not touched.
        other = 1 - _page[0]
        start = 1 + other * PAGE_BYTES
        _page[start : start + PAGE_BYTES] = text.ljust(PAGE_BYTES, b"\0")
        _page[0] = other


def _remove_half_done() -> str | None:
    """Removes what the other process noted as half done, and returns the input that it had in hand."""
    if _page is None:
        return None
    start = 1 + _page[0] * PAGE_BYTES
    path, *half_done = os.fsdecode(_page[start : start + PAGE_BYTES].rstrip(b"\0")).split("\0")
    if half_done:
        # Only here, because loading takes longer than some runs.
        from pathlib import Path

        from zm_cli.outputs.draft import remove_left_over

        for place in half_done:
            # By now another run may work there.
            with suppress(OSError):
                remove_left_over(Path(place))
    return path or None


def _say_end(number: int, path: str | None) -> int:
    if number in ENDINGS:
        if sys.stderr is not None and sys.stderr.isatty():
            # A progress bar may stand there.
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        return 128 + number
    error = explain_death(number, path)
    print_error(error)
    return error.code


def explain_death(number: int, path: str | None) -> DataError:
    """The error of work on the input at `path` in a process that a signal ended."""
    if number == signal.SIGKILL:
        hint = "if there was too little memory, fewer --workers or a smaller --memory need less"
        return DataError("the work on it was killed (SIGKILL)", where=path, hint=hint)
    if number == signal.SIGXCPU:
        return DataError("the work on it was ended", where=path, hint="there is a limit of time: ulimit -t")
    if number == signal.SIGPROF:
        return DataError("cannot be read: the library does not come to an end", where=path, hint="is it damaged?")
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return DataError(f"cannot be read: the library crashed ({name})", where=path, hint="is it damaged?")
