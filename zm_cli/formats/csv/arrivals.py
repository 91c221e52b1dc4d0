"""When more of a file has arrived: waiting for it, but no longer than somebody reads what is made of it."""

from __future__ import annotations

import os
import select
import stat
from contextlib import suppress
from typing import IO

GONE = select.POLLERR | select.POLLHUP
"""What is said of a pipe that nobody reads, or of a terminal that was closed."""


class Arrivals:
    """Tells when there is something to read from the descriptor `source`; its end counts as something."""

    def __init__(self, source: int) -> None:
        self._source = select.poll()
        self._source.register(source, select.POLLIN)
        self._both = select.poll()
        self._both.register(source, select.POLLIN)
        self._output: int | None = None
        # All of a file is there. To ask all the same would hand the interpreter's lock to a worker each time.
        self._all_there = stat.S_ISREG(os.fstat(source).st_mode)

    def watch(self, output: IO[str]) -> None:
        """Has `wait` end where nobody reads `output` any more."""
        # What only stands in for a file has no descriptor, and a reader that does not go.
        with suppress(OSError, ValueError):
            self._output = output.fileno()
            self._both.register(self._output, 0)

    def wait(self) -> None:
        """Returns when there is something to read; BrokenPipeError where nobody reads the output any more."""
        if self._all_there:
            return
        for descriptor, event in self._both.poll():
            if descriptor == self._output and event & GONE:
                raise BrokenPipeError

    def come_within(self, seconds: float) -> bool:
        """Whether there is something to read within that time."""
        return self._all_there or bool(self._source.poll(max(0.0, seconds * 1000)))
