"""The program of a child process of a Dask worker: it does the items that come through its standard input."""

from __future__ import annotations

import gc
import os
import pickle
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from zm_cli.running.allocator import keep_freed_memory
from zm_cli.running.cluster.stream_pipe import StreamPipe
from zm_cli.running.guard import expect_watcher, note_input, write_notes_to
from zm_cli.running.serving import serve, unpickle_message
from zm_cli.running.shared_page import SharedPage
from zm_cli.running.signals import end_with_parent

_select: Any = select
"""The module without its types, which leave out what some system lacks."""
IDLE_SECONDS = 5.0
"""How long an idle task is kept: commands do not tell their workers when they end."""
PAGE_VARIABLE = "ZM_NOTES_DESCRIPTOR"
"""The environment variable with the descriptor of the file for the notes of this process, if there is one."""


class PipeOfWorker(StreamPipe):
    """The pipe of this process; it calls `forget` if no message comes for IDLE_SECONDS."""

    def __init__(self, reading: Any, writing: Any, forget: Callable[[], None]) -> None:
        super().__init__(reading, writing)
        self._forget = forget
        self._poll: Any = None
        if hasattr(_select, "poll"):
            self._poll = _select.poll()
            self._poll.register(reading, _select.POLLIN)

    def recv_bytes(self) -> bytearray:
        """Waits for the next message and returns it; EOFError if the pipe ends before or in a message."""
        if self._poll is not None and not self._poll.poll(IDLE_SECONDS * 1000):
            self._forget()
        return super().recv_bytes()


class _TaskCache:
    """Unpickles messages; keeps the last task, with its open files, for the next item."""

    def __init__(self) -> None:
        self._folder = ""
        self._pickled = b""
        self._task: Any = None

    def prepare(self, message: bytes | bytearray) -> Callable[[], Any]:
        """Returns the call that answers a message: a folder to work in, a pickled task, a pickled item."""
        folder, task, item = unpickle_message(message)
        # The file that was noted last belongs to an earlier item.
        note_input("")
        if folder != self._folder:
            # Paths may be relative to the folder of the command. Absolute paths do not need it.
            with suppress(OSError):
                os.chdir(folder)
            self._folder = folder
        if task != self._pickled:
            self.forget()
            self._task = pickle.loads(task)
            self._pickled = task
        return partial(self._task, pickle.loads(item))

    def forget(self) -> None:
        """Drops the task, which closes its files."""
        self._pickled, self._task = b"", None


def main() -> None:
    """Works for the process whose id is in the arguments, until that ends."""
    end_with_parent(int(sys.argv[1].rpartition("=")[2]))
    # As in a run of zm itself.
    gc.set_threshold(100_000)
    keep_freed_memory()
    expect_watcher()
    if descriptor := os.environ.get(PAGE_VARIABLE):
        write_notes_to(SharedPage(int(descriptor)))
    # What libraries print must not be taken for an answer.
    reading, writing = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    with open(reading, "rb", 0) as messages, open(writing, "wb", 0) as answers:
        desk = _TaskCache()
        serve(PipeOfWorker(messages, answers, desk.forget), desk.prepare)
    os._exit(0)


if __name__ == "__main__":
    main()
