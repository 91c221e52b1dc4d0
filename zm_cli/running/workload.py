"""Workload: what a task needs of its executor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """What a task needs of its executor. It follows from the data, and never affects the result."""

    block_bytes: int
    """Bytes that one item takes while it is worked on."""
    result_bytes: int | None = None
    """Bytes that its result takes while it waits for its turn; None: block_bytes."""
    forkable: bool = False
    """A forked copy of the process can read on, and results are small enough to be sent back."""
    small_steps: bool = False
    """An item takes many small steps of Python, which threads run one at a time: processes pay off even if they have to
    be started instead of forked."""
    arriving: bool = False
    """Items may arrive slowly: finished results are yielded without waiting for the next item."""
