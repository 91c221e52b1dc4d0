"""What is reported besides a result: notes, warnings, skipped samples, and progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from zm_cli.data.block import Skipped
from zm_cli.numbers.kernels import Floats

Tick = Callable[[int, int], object]
"""Called with the bytes of input, in the unit of `Source.nbytes`, and the number of samples just processed."""


def ignore_progress(nbytes: int, samples: int) -> None:
    """The Tick for a caller that does not show progress."""


@dataclass(frozen=True)
class Written:
    """The mean and deviation of each feature of a written dataset, arrays of shape (features,), and their names."""

    names: tuple[str, ...]
    mean: Floats
    std: Floats

    def to_document(self) -> dict[str, Any]:
        """The same as JSON values, None where a number is not finite."""
        columns = {"mean": self.mean, "std": self.std}
        listed = {key: [x if math.isfinite(x) else None for x in array.tolist()] for key, array in columns.items()}
        return {"names": list(self.names), **listed}


@dataclass
class Outcome:
    """Notes say how the data were read, warnings what the user should look at; no sentence is repeated.

    `written` describes the written dataset; None if nothing was written, or after an inverse.
    """

    samples: int = 0
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    written: Written | None = None

    def note(self, sentences: Iterable[str]) -> None:
        """Adds the notes that are not there yet."""
        self.notes += [sentence for sentence in dict.fromkeys(sentences) if sentence not in self.notes]

    def warn(self, sentence: str) -> None:
        """Adds a warning that is not there yet."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def warn_of_skipped(self) -> None:
        """Warns of samples that were left out, if there are any."""
        if self.skipped:
            self.warn(f"samples left out because they could not be read: {len(self.skipped)}")

    def include(self, other: Outcome) -> None:
        """Adds the messages of another pass over the same samples, which are not counted again."""
        self.note(other.notes)
        self.skip(other.skipped)
        for sentence in other.warnings:
            self.warn(sentence)

    def rename(self, old: str, new: str) -> None:
        """Replaces a path by another name in all notes and warnings."""
        self.notes = [sentence.replace(old, new) for sentence in self.notes]
        self.warnings = [sentence.replace(old, new) for sentence in self.warnings]

    def skip(self, samples: Iterable[Skipped]) -> None:
        """Adds samples that were left out, each once."""
        self.skipped = list(dict.fromkeys((*self.skipped, *samples)))
