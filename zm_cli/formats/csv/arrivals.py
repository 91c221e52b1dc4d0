"""Waits for more of a file to arrive, but only as long as somebody reads the output."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from typing import IO, Any

_select: Any = select
"""The module without its types, which leave out what some systems lack."""
_MAY_POLL = hasattr(select, "poll")
CLOSED: int = _select.POLLERR | _select.POLLHUP if _MAY_POLL else 0
"""The events of a pipe that nobody reads any more, and of a terminal that was closed."""


class Arrivals:
    """Waits until the file descriptor `source` has something to read; the end of the file counts as something.

    If the system cannot tell, the methods do not wait: then the read itself waits, and the next write finds a closed
    output.
    """

    def __init__(self, source: int) -> None:
        self._source, self._both = _poll(source), _poll(source)
        self._output: int | None = None
        # A regular file never has to be waited for. Polling it would hand the interpreter's lock to a worker each time.
        self._is_regular = stat.S_ISREG(os.fstat(source).st_mode)

    def watch(self, output: IO[str]) -> None:
        """Makes `wait` stop when nobody reads `output` any more."""
        if self._both is None:
            return
        # An object that only imitates a file has no descriptor, so nobody can stop reading it.
        with suppress(OSError, ValueError):
            self._output = output.fileno()
            self._both.register(self._output, 0)

    def wait(self) -> None:
        """Waits until there is something to read. Raises BrokenPipeError if nobody reads the output any more."""
        if self._is_regular or self._both is None:
            return
        for descriptor, event in self._both.poll():
            if descriptor == self._output and event & CLOSED:
                raise BrokenPipeError

    def wait_at_most(self, seconds: float) -> bool:
        """Waits for at most `seconds`; returns True if there is certainly something to read."""
        if self._is_regular or self._source is None:
            return self._is_regular
        return bool(self._source.poll(max(0.0, seconds * 1000)))


def _poll(source: int) -> Any | None:
    """Returns an object that waits for `source`; None if the system does not have such objects."""
    if not _MAY_POLL:
        return None
    poll = _select.poll()
    poll.register(source, _select.POLLIN)
    return poll
