"""The loop of a worker process: it answers the messages that come through its pipe until the pipe is closed."""

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
    """Answers each message with what `prepare(message)()` returns or raises; returns when the pipe is closed."""
    try:
        while True:
            _answer(pipe, prepare)
    except (EOFError, ConnectionError):
        return


def _answer(pipe: Pipe, prepare: Callable[[bytes | bytearray], Callable[[], Any]]) -> None:
    """Receives a message, and sends whether its task succeeded, with the result or error; keeps none of them."""
    message = pipe.recv_bytes()
    try:
        call = prepare(message)
        # The item may be large: do not hold it twice.
        del message
        answer = pickle_message((True, call()))
    except Exception as error:
        answer = pickle_message((False, _picklable(error)))
    pipe.send_bytes(answer)


def pickle_message(value: object) -> Any:
    """Returns a value pickled as a message for a pipe; raises what pickling raises."""
    return ForkingPickler.dumps(value)


def unpickle_message(message: Any) -> Any:
    """Returns the value in a message; raises what unpickling raises."""
    return ForkingPickler.loads(message)


def _picklable(error: Exception) -> Exception:
    """Returns the error itself if it can be pickled, else a RuntimeError with the same text."""
    try:
        unpickle_message(pickle_message(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception_only(error)).strip())
    return error
