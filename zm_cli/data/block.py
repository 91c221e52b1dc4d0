"""Spans of a dataset, and what they are read into: a Block of values, or a Tally of how often each value occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.texts import TextSummary

Values = NDArray[Any]

BLOCK_BYTES = 8 << 20
"""The target size of a block, in decoded bytes of the source's dtype. It is a constant, because the way in which data
are cut into blocks decides the last bits of the result: neither options nor the machine may change it."""

BYTE_VALUES = 256
"""The number of different 8-bit values."""

MAX_LISTED = 1000
"""The most skipped samples that are listed with their reasons; all of them are counted."""


def get_block_bytes() -> int:
    """Returns BLOCK_BYTES; for code that is tested with smaller blocks, where an imported constant would not change."""
    return BLOCK_BYTES


@dataclass(frozen=True)
class Span:
    """A small picklable address of consecutive samples; the format decides what `address` is."""

    index: int
    address: Any
    nbytes: int
    """Bytes of input that this span stands for, in the unit of `Source.nbytes`, for progress."""
    decoded: int
    """Bytes of its values in the source's dtype, as far as they are known before reading."""


@dataclass(frozen=True)
class Rejected:
    """The first cell of a feature that is not a number. `row` is the number of its sample in the source, from 1.

    `reason` is a clause that says what is wrong with it.
    """

    row: int
    value: str
    reason: str = "which is not a number"


@dataclass(frozen=True)
class Skipped:
    """A sample that was left out because it could not be read: its name and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Labels:
    """The group of each sample of a block: `codes` are indices into `names`, -1 for a sample without a label.

    `codes` has the shape (samples,); `names` differ from one another, in any order.
    """

    codes: NDArray[np.int64]
    names: tuple[str, ...]

    def drop_unused(self) -> Labels:
        """Returns the same labels without the names that no sample has."""
        used = np.unique(self.codes[self.codes >= 0])
        codes = np.where(self.codes < 0, -1, np.searchsorted(used, self.codes))
        return Labels(codes, tuple(self.names[code] for code in used))


@dataclass(frozen=True)
class Block:
    """Consecutive samples: `values` has the axes of the Spec, the sample axis first.

    `carried` is what the sink of the format needs to write these samples (file names, unchanged columns). `rejected`
    maps the index of a feature to its first cell that is not a number; such values are NaN. `notes` are sentences for
    the user, printed once even if many blocks repeat them. `digest` is a hash of the input bytes, or of the decoded
    values, of this block.
    """

    span: Span
    values: Values
    digest: bytes
    carried: Any = None
    rejected: Mapping[int, Rejected] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    skipped_more: int = 0
    """The number of skipped samples that are not listed in `skipped`."""
    numbers: Sequence[int] | NDArray[np.int64] | None = None
    """The number of each sample in the source, counted from 1; None if the format does not know it."""
    missing: NDArray[np.bool_] | None = None
    """Which values were missing before they were filled, shape (samples, marked features); None: not asked for."""
    texts: TextSummary | None = None
    """The summary of the columns of a table as text; None: not asked for."""
    labels: Labels | None = None
    """The group of each sample (`--by`); None: not asked for."""
    weights: NDArray[np.float64] | None = None
    """The weight of each sample (`--weight`), finite and not negative, shape (samples,); None: not asked for."""
    masked: NDArray[np.bool_] | None = None
    """Which values are missing by `--mask`, in the shape of `values`; None: not asked for."""
    notes: tuple[str, ...] = ()

    @property
    def skipped_total(self) -> int:
        """The number of samples of the span that were left out."""
        return len(self.skipped) + self.skipped_more


def drop_values(block: Block) -> Block:
    """Returns the block without its values and what is carried with them, and without the address of its span."""
    return replace(
        block, span=replace(block.span, address=None), values=block.values[:0].copy(), carried=None, missing=None
    )


@dataclass(frozen=True)
class GroupTally:
    """The counts of the values of one group of samples, as in a Tally."""

    label: str
    counts: NDArray[np.int64]
    samples: int


@dataclass(frozen=True)
class Tally:
    """Counts of unsigned 8-bit values: how often each value occurs in each channel, shape (C, 256).

    They are enough for exact means, standard deviations and extremes; the positions of values in their samples are
    lost. `samples` is the number of samples, `digest` the concatenated digests of the spans; `skipped` is as in a
    Block. `groups` counts the samples with a label by their labels (`--by`); None: not asked for.
    """

    counts: NDArray[np.int64]
    samples: int
    digest: bytes
    skipped: tuple[Skipped, ...] = ()
    groups: tuple[GroupTally, ...] | None = None
