"""What a worker process does: it answers the messages that come through its pipe, until its parent is done or gone."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any, Protocol


class Pipe(Protocol):
    """One end of a pipe that carries whole messages, from one process to another and back."""

    def send_bytes(self, buf: Any, /) -> None: ...

    def recv_bytes(self) -> bytes | bytearray: ...

    def close(self) -> None: ...


def serve(pipe: Pipe, prepare: Callable[[bytes | bytearray], Callable[[], Any]]) -> None:
    """Answers each message with what `prepare(message)()` returns or raises; returns when the parent has ended."""
    try:
        while True:
            _answer(pipe, prepare)
    except (EOFError, ConnectionError):
        return


def _answer(pipe: Pipe, prepare: Callable[[bytes | bytearray], Callable[[], Any]]) -> None:
    """Sends whether the next task went well, and its result or error; holds none of them when it is done."""
    message = pipe.recv_bytes()
    try:
        call = prepare(message)
        # The item may be large: it is not held twice.
        del message
        answer = pack((True, call()))
    except Exception as error:
        answer = pack((False, _picklable(error)))
    pipe.send_bytes(answer)


def pack(value: object) -> Any:
    """Returns a value as a message for a pipe; raises what pickling raises."""
    return ForkingPickler.dumps(value)


def unpack(message: Any) -> Any:
    """Returns the value that a message holds; raises what making it again raises."""
    return ForkingPickler.loads(message)


def _picklable(error: Exception) -> Exception:
    """Returns the error itself where it survives pickling, else a RuntimeError that says the same."""
    try:
        unpack(pack(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception_only(error)).strip())
    return error
