"""Workload: what a task needs of its executor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """What a task needs of its executor. It follows from the data, and never affects the result."""

    block_bytes: int
    """Bytes that one item takes while it is worked on."""
    result_bytes: int | None = None
    """Bytes that its result takes while it waits for its turn; None: as many."""
    forkable: bool = False
    """A copy of the process can go on reading, and what the task sends back is small enough to be sent."""
    small_steps: bool = False
    """An item takes many small steps of Python, which threads do one at a time: processes pay even where they must be
    started anew instead of being copied."""
    arriving: bool = False
    """Any item may be long in coming: results that are ready are not held back until the next item is there."""
