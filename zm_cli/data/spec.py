"""Spec: what is known of a dataset before its values are read; and the letters of its axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from zm_cli.data.packing import Packing
    from zm_cli.data.shard import Shard

UNNAMED = "UVXYZ"
"""The letters of axes whose meaning is not known, in order."""

AXIS_LETTERS = frozenset("NCHWDTL")
"""The letters of axes whose meaning is known: samples, channels, height, width, depth, time, length."""

LAYOUTS = {1: "N", 2: "NC", 3: "NHW, NLC or NCL", 4: "NHWC or NCHW", 5: "NDHWC or NCDHW"}
"""The usual layouts of arrays, by their number of axes, for messages."""


@dataclass(frozen=True)
class Spec:
    """What is known of a dataset before its values are read.

    `axes` has one letter for each axis of a block's values, the sample axis `N` first: `NHWC`, `NCHW`, `NC`, `N`.
    `sample_shape` has one entry for each axis after the first, None where samples differ. `names` are those of the
    channels or columns along `C`, None if they have none. `samples` is the number of samples, None if unknown. `named`
    says that the user chose the columns by name, so that none of them may be dropped; `text_columns` are those that are
    not features because they hold text. `limit` is the number of samples that the user asked for, None for all. `shard`
    is the part of the data that is read, None for all of them. `decoding` holds every choice that affects the values,
    as JSON values: opening the same data with the same choices gives the same values. `packing` converts the stored
    values of blocks to real ones, None if they are real; `dtype` is the type of the stored values. `columns` are the
    names of all columns of a table, in its order; None for data that are not a table.
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
    shard: Shard | None = None
    decoding: Mapping[str, Any] = field(default_factory=dict)
    packing: Packing | None = None
    columns: tuple[str, ...] | None = None

    @property
    def real_dtype(self) -> np.dtype[Any]:
        """The type of the real values."""
        return self.dtype if self.packing is None else self.packing.dtype

    @property
    def affine_packing(self) -> Packing | None:
        """How stored values are unpacked; None if they are the real ones."""
        return self.packing if self.packing is not None and self.packing.is_affine else None

    @property
    def missing_values(self) -> tuple[float, ...]:
        """The stored values that the data declare as missing."""
        return () if self.packing is None else self.packing.missing

    @property
    def holds_integers(self) -> bool:
        """Whether the stored values are integers and real ones, though some may stand for missing values."""
        return self.dtype.kind in "iu" and self.affine_packing is None
