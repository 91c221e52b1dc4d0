"""What one span of a dataset is read into: a Block of values, or a Tally of how often each value occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]

BLOCK_BYTES = 8 << 20
"""Decoded bytes (in the source's dtype) that a span aims at. A constant of the tool: the partition of the data into
blocks decides the last bits of the result, so no option and no machine may move it."""

BYTE_VALUES = 256
"""The different values of 8 bits."""


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
