"""The nouns every room shares: Spec, Span, Block, and what a Source, a Sink and a Format must offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]

BLOCK_BYTES = 8 << 20
"""Decoded bytes (in the source's dtype) that a span aims at. A constant of the tool: the partition of the data into
blocks decides the last bits of the result, so no option and no machine may move it."""

BYTE_VALUES = 256
"""The different values of 8 bits."""

UNNAMED = "UVXYZ"
"""Axis letters that a source gives, in this order, where it cannot tell what an axis is."""

LAYOUTS = {1: "N", 2: "NC", 3: "NHW, NLC or NCL", 4: "NHWC or NCHW", 5: "NDHWC or NCDHW"}
"""The usual layouts of arrays, by their number of axes, as messages name them."""


@dataclass(frozen=True)
class Spec:
    """What a dataset is, known before its values are read.

    `axes` names the axes of a block's values, one letter each, the sample axis `N` first: `NHWC`, `NCHW`, `NC`, `N`.
    `sample_shape` has one entry for each axis after the first, None where samples differ. `names` are the channels or
    columns along `C`, None where they have no names. `named` says that the user chose the columns by name, so that
    none of them may be dropped; `text_columns` are those that are no features because they hold text. `limit` is the
    number of samples that were asked for, None for all. `decoding` holds every choice that decides the values, as JSON
    can hold it; opening the same data with the same choices gives the same values.
    """

    kind: str
    axes: str
    sample_shape: tuple[int | None, ...]
    dtype: np.dtype[Any]
    names: tuple[str, ...] | None = None
    samples: int | None = None
    named: bool = False
    text_columns: tuple[str, ...] = ()
    limit: int | None = None
    decoding: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """A small picklable address of a run of samples: `address` is the format's own."""

    index: int
    address: Any
    nbytes: int
    """Bytes of input that this span stands for, in the unit of `Source.nbytes`, for progress."""


@dataclass(frozen=True)
class Rejected:
    """The first cell of a feature that is no number: `row` counts the samples of the whole source from 1."""

    row: int
    value: str


@dataclass(frozen=True)
class Skipped:
    """A sample left out because it could not be read: its name and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Block:
    """A run of samples: `values` has the sample axis first.

    `carried` is whatever the format's own sink needs to write these samples back (file names, untouched columns).
    `rejected` maps a feature's index to its first cell that is no number; the values there are NaN.
    `notes` are sentences to tell the user once, however many blocks repeat them. `digest` is a hash of the input bytes
    (or decoded values) this block was read from.
    """

    span: Span
    values: Values
    digest: bytes
    carried: Any = None
    rejected: Mapping[int, Rejected] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """A run of samples of unsigned 8-bit values, counted: how often each occurs in each channel, (C, 256).

    All that a mean, a deviation and extremes need, exactly; not where in the sample the values were. `samples` is their
    number; the rest is as in a Block.
    """

    span: Span
    counts: NDArray[np.int64]
    samples: int
    digest: bytes
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class ReadOptions:
    """How a source is to be read, None where the user left the choice to the format.

    A format declares the ones it understands; the registry refuses the others by name.
    """

    mode: str | None = None
    lossy: bool | None = None
    """Whether a mode that was named may cut precision; None: it may, since somebody named it. Not on the command line:
    it replays whether the statistics were made so."""
    resize: tuple[int, int] | None = None
    """Width and height."""
    exif: bool | None = None
    dataset: str | None = None
    layout: str | None = None
    allow_external: bool | None = None
    """Whether values may come from other files that the file points to; never replayed from statistics."""
    columns: tuple[str, ...] | None = None
    """Names, ranges and patterns of columns that are to be features."""
    include: tuple[str, ...] | None = None
    """Patterns of files that are to be read, of all that are found."""
    exclude: tuple[str, ...] | None = None
    """Names, ranges and patterns of columns that are no features; patterns of files that are not to be read."""
    among: tuple[str, ...] | None = None
    """Columns that must all be there, and beside which none is a feature: those of statistics to apply."""
    files: tuple[str, ...] | None = None
    """The files to read, where the path is that of their common folder."""
    limit: int | None = None
    """Samples to read at most, from the first on."""
    delimiter: str | None = None
    encoding: str | None = None
    """What the text is stored in, by any name Python has for it. The text is the same: statistics do not record it."""
    header: bool | None = None
    null_values: tuple[str, ...] | None = None
    on_error: Literal["fail", "skip"] | None = None
    max_pixels: int | None = None
    """Pixels that a picture may claim to have. It guards memory and decides no value: statistics do not record it."""


@dataclass(frozen=True)
class WriteOptions:
    """How an output is to be written: the dtype of its values, the receipt to leave with it, the form of images."""

    dtype: np.dtype[Any]
    receipt: Mapping[str, Any]
    form: str | None = None


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


class Sink(Protocol):
    """Where transformed blocks go: `encode` in any worker, `write` in order, then `commit` or `discard`.

    Nothing is at the final name before `commit`; after `discard` nothing is left at all. `notes` are sentences to tell
    the user of what could not be kept.
    """

    notes: list[str]

    def encode(self, block: Block) -> Any: ...

    def write(self, encoded: Any) -> None: ...

    def commit(self) -> None: ...

    def discard(self) -> None: ...


@dataclass(frozen=True)
class Format:
    """A kind of dataset: how to recognise it, open it, and write it back.

    `recognises` looks at a path (its name, its first bytes). `read_options` and `forms` name the options and output
    forms it understands. `create` makes the sink that writes what `source` yields to `output` (`-`: standard output);
    `check_output` raises the error that `create` would, for an output name and form that cannot be, before any work.
    `find_receipt` looks for what an earlier run left with an output, in the dataset of that name where there may be
    several; None where there is none, and for a table, or a folder with other files in it, that was edited since.
    `list_files` lists all that would be read of a source, a name in the source and a path for each file.
    """

    kind: str
    recognises: Callable[[Path], bool]
    open: Callable[[str, ReadOptions], Source]
    check_output: Callable[[Source, str, str | None], None]
    create: Callable[[Source, str, WriteOptions], Sink]
    find_receipt: Callable[[str, str | None], Mapping[str, Any] | None]
    list_files: Callable[[str, ReadOptions], Iterator[tuple[str, str]]]
    read_options: frozenset[str]
    forms: frozenset[str] = frozenset()
