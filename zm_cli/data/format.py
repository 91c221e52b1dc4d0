"""Format: the declaration of a kind of dataset, which each package of `formats` makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zm_cli.data.options import Option, ReadOptions, Recorded

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.data.spec import Spec
    from zm_cli.data.survey import Survey
    from zm_cli.running.plan import Plan


class Confidence(IntEnum):
    """How sure a format is that a path is of its kind; the format with the highest confidence reads it."""

    POSSIBLE = 1
    """The format can read it, but it may be of another kind."""
    BY_CONTENT = 2
    """Its first bytes are typical of the format."""
    BY_NAME = 3
    """Its name is that of the format, which somebody chose."""


OpeningTick = Callable[[int, int | None], object]
"""Called while a source is opened, with the number of files found or read so far, and the number of all files; None
while files are still being found."""


def ignore_opening(done: int, total: int | None) -> None:
    """The OpeningTick of a caller that does not show progress."""


class Open(Protocol):
    """Opens the source at a path with options. The plan says which workers may read ahead; None: this thread alone."""

    def __call__(
        self, path: str, options: ReadOptions, plan: Plan | None = None, tick: OpeningTick = ignore_opening
    ) -> Source: ...


@dataclass(frozen=True)
class OutputPart:
    """One part of an output that was written part by part: its path, and its receipt."""

    path: str
    receipt: Mapping[str, Any]


@dataclass(frozen=True)
class JoinRequest:
    """What to join: all parts of an output in the order of the data, the receipt of the whole, and its path.

    With `copy`, the output does not depend on its parts. `tick` is called after each part.
    """

    parts: Sequence[OutputPart]
    receipt: Mapping[str, Any]
    output: str
    copy: bool
    tick: Callable[[], object]


Join = Callable[[JoinRequest], Sequence[str]]
"""Writes an output from all its parts, complete or not at all, and returns notes. Raises UsageError for a path that the
output cannot have, DataError if the parts do not fit together or the file system fails."""


Complete = Callable[[str, ReadOptions, str], Iterator[tuple[str, str]]]
"""Takes a path, reading options and the start of a value; yields the possible values of an option that begin with it,
each with a short description. Raises ZmError or OSError if the data cannot be read."""


def _accept(spec: Spec, decoding: Mapping[str, Any]) -> str | None:
    return None


def _list_nothing(path: str, options: ReadOptions) -> Survey | None:
    return None


def _name_no_files(path: str, options: ReadOptions) -> Mapping[str, str]:
    return {}


def _list_no_names(path: str) -> Sequence[str]:
    return ()


def _never(decoding: Mapping[str, Any]) -> bool:
    return False


@dataclass(frozen=True)
class Format:
    """A kind of dataset: how to recognize and open it. Its functions import large libraries when they are called.

    `kind` is its name in `--kind` and in stats files, `noun` its name in sentences: "folder of images". `recognize`
    looks at a path (its name, its first bytes) and returns how sure it is of the kind, None if it is another one.
    `open` makes the Source; it gets no other options than those in `options`. `find_receipt` returns the receipt that
    an earlier run left with an output; None if there is none, OF_OTHER_DATA if the output was edited since.
    `list_files` yields all files that would be read, as (name in the source, path). `find_fault` returns a clause ("has
    ...") that says what is wrong with the recorded options of statistics of such data, None for nothing; each option by
    itself is valid already. `output_formats` are the choices of `--format`, which `output_help` explains. `survey`
    returns the contents of a path from which no dataset could be opened, None if they are not known; it raises
    DataError for damaged data.
    """

    kind: str
    noun: str
    recognize: Callable[[Path], Confidence | None]
    open: Open
    find_receipt: Callable[[str, ReadOptions], Mapping[str, Any] | None]
    list_files: Callable[[str, ReadOptions], Iterator[tuple[str, str]]]
    options: tuple[Option[Any], ...]
    find_fault: Callable[[Spec, Mapping[str, Any]], str | None] = _accept
    survey: Callable[[str, ReadOptions], Survey | None] = _list_nothing
    name_transformed: Callable[[str], Sequence[str]] = _list_no_names
    """Returns the names of the datasets in the file at a path that receipts say are transformed. Raises DataError if
    the file cannot be read."""
    list_beside: Callable[[str, ReadOptions], Mapping[str, str]] = _name_no_files
    """The other files that options name beside the data at a path, such as weights, by the options' names."""
    names_files: Callable[[Mapping[str, Any]], bool] = _never
    """Whether recorded options name other files beside the data, whose paths do not say how the data were measured."""
    join: Join | None = None
    """Joins outputs that were written part by part; None: they cannot be joined."""
    name_part_suffix: Callable[[str | None], str] | None = None
    """Takes the output format that was asked for, and returns the suffix of the names of parts (`--parts`); None: that
    of the source."""
    output_formats: frozenset[str] = frozenset()
    output_help: str = ""
    completers: Mapping[str, Complete] = field(default_factory=dict)
    """The functions that complete values of options from the data, by the options' names."""
    reads_pipe: bool = False
    """Whether data from a pipe are read as this format."""

    @cached_property
    def option_names(self) -> frozenset[str]:
        """The names of its options."""
        return frozenset(option.name for option in self.options)

    @cached_property
    def recorded(self) -> Mapping[str, Recorded]:
        """How stats files record the options that affect the values, by the options' names."""
        return {option.name: option.recorded for option in self.options if option.recorded is not None}
