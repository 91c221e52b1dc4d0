"""What a run has to tell besides its result: notes, warnings, skipped samples; and how it tells of its progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from zm_cli.data.block import Skipped
from zm_cli.numbers.kernels import Floats

Tick = Callable[[int], None]
"""Called with the bytes of input just done with, in the unit of `Source.nbytes`."""

MOST_NAMES = 5
"""Names that a list in a message spells out."""


def ignore_progress(nbytes: int) -> None:
    """The Tick of a caller that shows no progress."""


@dataclass(frozen=True)
class Written:
    """The mean and deviation of each feature of a written dataset, arrays of shape (features,), and their names."""

    names: tuple[str, ...]
    mean: Floats
    std: Floats

    def to_document(self) -> dict[str, Any]:
        """The same as JSON can hold it: null where there is no value."""
        columns = {"mean": self.mean, "std": self.std}
        listed = {key: [x if math.isfinite(x) else None for x in array.tolist()] for key, array in columns.items()}
        return {"names": list(self.names), **listed}


@dataclass
class Outcome:
    """Notes say how the data were read, warnings what the user should look at; each sentence stands once.

    `written` is what came out, None where nothing was written, or by an inverse.
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
        """Adds what another run over the same samples has to tell; the samples count once."""
        self.note(other.notes)
        self.skip(other.skipped)
        for sentence in other.warnings:
            self.warn(sentence)

    def rename(self, old: str, new: str) -> None:
        """Calls a path by another name wherever it is spoken of."""
        self.notes = [sentence.replace(old, new) for sentence in self.notes]
        self.warnings = [sentence.replace(old, new) for sentence in self.warnings]

    def skip(self, samples: Iterable[Skipped]) -> None:
        """Adds the samples that were left out and are not known yet."""
        self.skipped = list(dict.fromkeys((*self.skipped, *samples)))


def show_value(text: str, most: int = 40) -> str:
    """A cell's text in quotes, its beginning where it is long."""
    return f"'{text}'" if len(text) <= most else f"'{text[:most]}...' ({len(text):,} characters)"


def list_names(names: list[str], most: int = MOST_NAMES, *, there_are: int | None = None) -> str:
    """The first few names in quotes, and how many there are beyond them, of all that `there_are`."""
    number = len(names) if there_are is None else there_are
    listed = ", ".join(f"'{name}'" for name in names[:most])
    return f"{listed} and {number - most} more" if number > most else listed
