"""Source: a dataset that is read span by span, and what can be told of it without its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from zm_cli.data.block import Block, Skipped, Span, Tally
from zm_cli.data.spec import Spec


@dataclass(frozen=True)
class Facts:
    """What can be told of a dataset without its values: for `inspect` and for the stats file's provenance.

    `shapes` and `types` (dtypes or image modes) map a printable name to the number of samples that have it.
    `others` are findings of the format in its own words, name to text: classes, compression, text columns.
    """

    nbytes: int
    shapes: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    left_out: int = 0
    skipped: tuple[Skipped, ...] = ()
    others: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """A dataset that is read span by span.

    Pickles as its path and options and opens itself on first read, so that workers are sent addresses, not arrays.
    `spans` may be called again for another pass unless `one_pass` (standard input). `read` is safe to call from
    several threads at once, and so is `tally`. `receipt` is what an earlier run left on or beside the data, if it did.
    """

    path: str
    spec: Spec
    nbytes: int
    sample_bytes: int
    """Decoded bytes of the largest sample."""
    one_pass: bool
    forkable: bool
    """A forked copy of the process can read on: no threads of a library are needed that would not be there."""
    small_samples: bool
    """Many small steps of Python to a block, which threads do one at a time: processes pay even where they send the
    block back."""
    receipt: Mapping[str, Any] | None

    @property
    def classes(self) -> tuple[str, ...]:
        """The folders right below the source in which its samples lie, sorted."""
        ...

    def spans(self) -> Iterator[Span]: ...

    def read(self, span: Span) -> Block: ...

    def tally(self, span: Span) -> Tally | None:
        """The span counted, in place of `read`, where that is faster; None where it is not."""
        ...

    def facts(self) -> Facts: ...

    def close(self) -> None: ...
