"""Waits for more of a file to arrive, but only as long as somebody reads the output."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from typing import IO

CLOSED = select.POLLERR | select.POLLHUP
"""The events of a pipe that nobody reads any more, and of a terminal that was closed."""


class Arrivals:
    """Waits until the file descriptor `source` has something to read; the end of the file counts as something."""

    def __init__(self, source: int) -> None:
        self._source = select.poll()
        self._source.register(source, select.POLLIN)
        self._both = select.poll()
        self._both.register(source, select.POLLIN)
        self._output: int | None = None
        # A regular file never has to be waited for. Polling it would hand the interpreter's lock to a worker each time.
        self._is_regular = stat.S_ISREG(os.fstat(source).st_mode)

    def watch(self, output: IO[str]) -> None:
        """Makes `wait` stop when nobody reads `output` any more."""
        # An object that only imitates a file has no descriptor, and no reader that could go away.
        with suppress(OSError, ValueError):
            self._output = output.fileno()
            self._both.register(self._output, 0)

    def wait(self) -> None:
        """Waits until there is something to read. Raises BrokenPipeError if nobody reads the output any more."""
        if self._is_regular:
            return
        for descriptor, event in self._both.poll():
            if descriptor == self._output and event & CLOSED:
                raise BrokenPipeError

    def wait_at_most(self, seconds: float) -> bool:
        """Waits for at most `seconds`, and returns whether there is something to read."""
        return self._is_regular or bool(self._source.poll(max(0.0, seconds * 1000)))
