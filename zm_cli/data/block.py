"""What spans of a dataset are read into: a Block of values, or a Tally of how often each value occurs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]

BLOCK_BYTES = 8 << 20
"""The size of a block to aim at, in decoded bytes of the source's dtype. A constant: how the data are cut into blocks
decides the last bits of the result, so neither an option nor the machine may change it."""

BYTE_VALUES = 256
"""The number of different 8-bit values."""


@dataclass(frozen=True)
class Span:
    """A small picklable address of consecutive samples; the format decides what `address` is."""

    index: int
    address: Any
    nbytes: int
    """Bytes of input that this span stands for, in the unit of `Source.nbytes`, for progress."""
    decoded: int
    """Bytes of its values in the source's dtype, as far as known before reading."""


@dataclass(frozen=True)
class Rejected:
    """The first cell of a feature that is not a number: `row` counts the samples of the whole source from 1."""

    row: int
    value: str


@dataclass(frozen=True)
class Skipped:
    """A sample left out because it could not be read: its name and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Block:
    """Consecutive samples: `values` has the axes of the Spec, the sample axis first.

    `carried` is what the format's own sink needs to write these samples (file names, unchanged columns). `rejected`
    maps a feature's index to its first cell that is not a number; such values are NaN. `notes` are sentences for the
    user, printed once even if many blocks repeat them. `digest` is a hash of the input bytes, or of the decoded values,
    of this block.
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
    """Counts of unsigned 8-bit values: how often each value occurs in each channel, shape (C, 256).

    They are enough for exact means, deviations and extremes; the position of a value in its sample is not kept.
    `samples` is the number of samples, `digest` the concatenated digests of the spans; `skipped` is as in a Block.
    """

    counts: NDArray[np.int64]
    samples: int
    digest: bytes
    skipped: tuple[Skipped, ...] = ()
