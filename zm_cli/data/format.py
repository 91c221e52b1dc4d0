"""Format: a kind of dataset, as its package declares it."""

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
    """How surely a format recognizes a path; the format with the highest confidence reads it."""

    POSSIBLE = 1
    """The format can read it, but another one may be meant."""
    BY_CONTENT = 2
    """Its first bytes are those of the format."""
    BY_NAME = 3
    """Its name is that of the format: somebody chose it."""


OpeningTick = Callable[[int, int | None], object]
"""Called while a source is opened, with how many files were found or read so far, and of how many; None: they are still
being found."""


def ignore_opening(done: int, total: int | None) -> None:
    """The OpeningTick for a caller that does not show progress."""


class Open(Protocol):
    """Opens the source at a path with options; the plan says who may read much at once, None: this thread alone."""

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
    """What is to be joined: all parts of an output in the order of the data, the receipt of the whole, and its path.

    With `copy`, the output shares nothing with its parts. `tick` is called after each part.
    """

    parts: Sequence[OutputPart]
    receipt: Mapping[str, Any]
    output: str
    copy: bool
    tick: Callable[[], object]


Join = Callable[[JoinRequest], Sequence[str]]
"""Writes an output of all its parts, completely or not at all, and returns notes. Raises UsageError for a path that it
cannot have, DataError where the parts do not fit together or the file system refuses."""


Complete = Callable[[str, ReadOptions, str], Iterator[tuple[str, str]]]
"""Takes a path, reading options and the start of a value; yields the values of an option that are possible for the data
and begin so, each with a short description. Raises ZmError or OSError where the data cannot be read."""


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
    """A kind of dataset: how to recognize and open it. Its functions import heavy libraries when they are called.

    `kind` is its name in `--kind` and in stats files, `noun` its name in sentences: "folder of images". `recognize`
    looks at a path (its name, its first bytes) and returns how surely it is of this kind, None for not at all. `open`
    makes the Source; it is given no options but those in `options`. `find_receipt` returns the receipt that an earlier
    run left with an output; None where there is none, OF_OTHER_DATA where the output was edited since. `list_files`
    yields all files that would be read, as (name in the source, path). `find_fault` returns what is wrong with the
    recorded options of statistics of such data, as a clause ("has ..."), None for nothing; each option by itself is
    already valid. `output_formats` are the choices of `--format`, which `output_help` explains. `survey` returns what
    there is at a path from which no dataset could be opened, None where it is not known; it raises DataError for
    damaged data.
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
    """Whether recorded options name what lies beside the data by paths of other files, which say nothing about how
    the data were measured."""
    join: Join | None = None
    """Joins outputs that were written part by part; None: they cannot be joined."""
    name_part_suffix: Callable[[str | None], str] | None = None
    """Takes the output format that was asked for, and returns how the names of parts end (`--parts`); None: as the name
    of the source does."""
    output_formats: frozenset[str] = frozenset()
    output_help: str = ""
    completers: Mapping[str, Complete] = field(default_factory=dict)
    """The functions that complete values of options from the data, by the options' names."""
    reads_pipe: bool = False
    """Whether data from a pipe, which has no name, are read as this format."""

    @cached_property
    def option_names(self) -> frozenset[str]:
        """The names of the options that it understands."""
        return frozenset(option.name for option in self.options)

    @cached_property
    def recorded(self) -> Mapping[str, Recorded]:
        """How stats files record the options that decide the values, by the options' names."""
        return {option.name: option.recorded for option in self.options if option.recorded is not None}
