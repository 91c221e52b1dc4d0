"""Answers of workers, which arrive in any order and are taken in the order of the items."""

from __future__ import annotations

from typing import Any

Answer = tuple[bool, Any]
"""Whether the task succeeded, and its result or error."""


class AnswersInOrder:
    """Holds the answers that have arrived until it is their turn; items are numbered from 0 in their order."""

    def __init__(self) -> None:
        self._waiting: dict[int, Answer] = {}
        self.taken = 0
        """The number of answers taken, which is the index of the next one."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, index: int, answer: Answer) -> None:
        """Adds the answer to the item with that index."""
        self._waiting[index] = answer

    def has_next(self) -> bool:
        """Returns whether the next answer in the order of the items is there."""
        return self.taken in self._waiting

    def take_next(self) -> Any:
        """Returns the next result; raises the error if the task failed."""
        succeeded, result = self._waiting.pop(self.taken)
        if not succeeded:
            raise result
        self.taken += 1
        return result
