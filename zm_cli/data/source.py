"""Source: a dataset that is read span by span; Facts: what is known of it without reading its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from zm_cli.data.block import Block, Skipped, Span, Tally
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.spec import Spec


@dataclass(frozen=True)
class Facts:
    """What is known of a dataset without reading its values, for `inspect` and for stats files.

    `shapes` and `types` (dtypes or image modes) map a printable name to the number of samples that have it. `left_out`
    is the number of files that are not samples. `others` are facts in the words of the format, name to text:
    compression, text columns. `classes` maps each class to its number of samples, `splits` each folder that is named
    like a split and is therefore not a class. `kept` names what else the file holds, which is written as it is.
    """

    nbytes: int
    shapes: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    left_out: int = 0
    skipped: tuple[Skipped, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, int] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """A dataset that is read span by span.

    Its pickle holds the path and options, and it opens itself at the first read, so that workers get addresses, not
    arrays. Unless a method says otherwise, only the thread that opened the source calls it. Methods raise DataError,
    which names the file and the position in it, if the data cannot be read.
    """

    path: str
    """As the user gave it; `-` for standard input."""
    spec: Spec
    nbytes: int
    """Bytes of the whole input, for progress; 0 if unknown."""
    sample_bytes: int
    """Decoded bytes of the largest sample."""
    overhead_bytes: int
    """Bytes that a block takes besides its values while it is read, and as many while it is encoded."""
    one_pass: bool
    """Whether `spans` can be called only once (standard input)."""
    forkable: bool
    """Whether a forked copy of the process can read it: no library relies on threads, which a fork does not copy."""
    small_samples: bool
    """Whether reading a block takes many small steps of Python, which threads cannot run in parallel: processes are
    faster, even if they send the block back."""
    receipt: Mapping[str, Any] | None
    """The receipt of an earlier run, on or beside the data; DAMAGED if it cannot be read, None if there is none."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The sorted names of the classes of its samples: of the folders directly in it that are not splits."""
        ...

    def spans(self) -> Iterator[Span]:
        """Yields the addresses of all samples in order. Only the data decide the cuts, not the machine or the workers.

        Raises UsageError for a second pass over standard input.
        """
        ...

    def read(self, span: Span) -> Block:
        """Reads the samples of a span; safe to call from several threads at once."""
        ...

    def tally(self, spans: Sequence[Span]) -> Tally | None:
        """Counts the values of consecutive spans instead of reading them; None if that is not faster for this source.

        Safe to call from several threads at once.
        """
        ...

    def facts(self) -> Facts:
        """Returns what is known of the dataset without reading its values."""
        ...

    def check_output(self, output: str, format: str | None) -> None:
        """Raises the error that `create_sink` would raise for this output name (`-`: standard output) and format.

        UsageError for a name or format that such data cannot have, DataError if the samples cannot be written there.
        """
        ...

    def create_sink(self, output: str, options: WriteOptions) -> Sink:
        """Returns a sink that writes transformed samples of this source to `output`, which appears at `commit`.

        After this call, blocks also carry what the sink needs besides the values. Raises the errors of `check_output`,
        and DataError if the file system fails.
        """
        ...

    def close(self) -> None:
        """Closes the files that reading opened in this process; the next read opens them again."""
        ...
