"""What is reported besides a result: notes, warnings, skipped samples, and progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zm_cli.data.block import MAX_LISTED, Skipped
from zm_cli.numbers.sums import Floats

Tick = Callable[[int, int], object]
"""Called with the bytes of input, in the unit of `Source.nbytes`, and the number of samples just processed."""


def ignore_progress(nbytes: int, samples: int) -> None:
    """The Tick for a caller that does not show progress."""


@dataclass(frozen=True)
class Written:
    """The names of the features of a written dataset, and their means, standard deviations and extremes.

    Arrays have the shape (features,).
    """

    names: tuple[str, ...]
    mean: Floats
    std: Floats
    min: Floats
    max: Floats

    def to_document(self) -> dict[str, Any]:
        """Returns the same as JSON values, None for a number that is not finite."""
        columns = {"mean": self.mean, "std": self.std, "min": self.min, "max": self.max}
        listed = {key: [x if math.isfinite(x) else None for x in array.tolist()] for key, array in columns.items()}
        return {"names": list(self.names), **listed}


@dataclass
class Outcome:
    """Notes say how the data were read, warnings what the user should look at; no sentence is repeated.

    `skipped` lists the first samples that were left out, `skipped_total` counts all. `written` describes the written
    dataset; None if nothing was written, or after an inverse. `transformed` says in one line what of a file was
    transformed and what was left; empty if there was nothing to choose. `incomplete` counts the vectors of features
    that are missing in the output because some of their values were, `clipped` the values that were cut off at the
    ends of a range.
    """

    samples: int = 0
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    skipped_total: int = 0
    written: Written | None = None
    transformed: str = ""
    incomplete: int = 0
    clipped: int = 0

    def note(self, sentences: Iterable[str]) -> None:
        """Adds the notes that are not there yet."""
        self.notes += [sentence for sentence in dict.fromkeys(sentences) if sentence not in self.notes]

    def warn(self, sentence: str) -> None:
        """Adds a warning that is not there yet."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def add_messages(self, sentences: Iterable[str], *, as_warnings: bool) -> None:
        """Adds warnings or notes that are not there yet."""
        if not as_warnings:
            self.note(sentences)
            return
        for sentence in sentences:
            self.warn(sentence)

    def warn_of_skipped(self, *, rows: bool, written: bool = False) -> None:
        """Warns of samples that were left out, if there are any; with `rows`, they are rows of a table.

        `written` says that an output without such rows was just written.
        """
        if sentence := self.describe_skipped(rows=rows, written=written):
            self.warn(sentence)

    def describe_skipped(self, *, rows: bool, written: bool = False) -> str:
        """Returns the warning that `warn_of_skipped` adds; empty if no samples were left out."""
        if not self.skipped_total:
            return ""
        if not rows:
            return f"samples left out because they could not be read: {self.skipped_total}"
        first = self.skipped[0]
        end = "; the output does not have them" if written else ""
        return (
            f"rows left out because they could not be read: {self.skipped_total:,}, the first is {first.name} "
            f"({first.reason}){end}"
        )

    def warn_of_incomplete(self, noun: str) -> None:
        """Warns of vectors of features, in the plural, that became missing, if there are any."""
        if sentence := self.describe_incomplete(noun):
            self.warn(sentence)

    def describe_incomplete(self, noun: str) -> str:
        """Returns the warning that `warn_of_incomplete` adds; empty if no vectors became missing."""
        if not self.incomplete:
            return ""
        return f"{noun} that became missing because some of their values were: {self.incomplete:,}; --impute fills them"

    def explain_skipped(self) -> str:
        """Returns how many samples were left out, and why the first one, to end a sentence with; empty if none were."""
        if not self.skipped:
            return ""
        first = self.skipped[0]
        return f": all {self.skipped_total:,} were left out, the first is {first.name} ({first.reason})"

    def include(self, other: Outcome) -> None:
        """Adds the messages of another pass over the same samples, which are not counted again.

        A warning of this pass is dropped if the other pass gives the same one with more at its end.
        """
        self.note(other.notes)
        if other.skipped_total > self.skipped_total:
            self.skipped, self.skipped_total = list(other.skipped), other.skipped_total
        self.warnings = [
            sentence
            for sentence in self.warnings
            if not any(longer.startswith(f"{sentence};") for longer in other.warnings)
        ]
        for sentence in other.warnings:
            self.warn(sentence)

    def rename(self, old: str, new: str) -> None:
        """Replaces a path by another name in all notes and warnings."""
        self.notes = [sentence.replace(old, new) for sentence in self.notes]
        self.warnings = [sentence.replace(old, new) for sentence in self.warnings]

    def skip(self, samples: Sequence[Skipped], total: int) -> None:
        """Adds `total` samples that were left out; `samples` are the first of them."""
        self.skipped += samples[: MAX_LISTED - len(self.skipped)]
        self.skipped_total += total
