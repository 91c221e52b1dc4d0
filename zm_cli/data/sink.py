"""Sink: writes transformed blocks, in the format of the source that they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from zm_cli.data.block import Block


@dataclass(frozen=True)
class OutputFeatures:
    """What the samples of an output are, where they have other features than the input.

    `axes` and `sample_shape` are as in a Spec. `names` are those of the columns that a table gets in place of the
    transformed ones, where the first of these stands. `order` are all columns of the table that it was before, which
    come in that order again if they are all there; None where that is not known.
    """

    axes: str
    sample_shape: tuple[int | None, ...]
    names: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None


@dataclass(frozen=True)
class WriteOptions:
    """How to write an output.

    `dtype` is the type of its values, `receipt` is written with it, `format` is one of the output formats of its Format
    (None: decided by the name of the output). `force` overrules doubts. `added` names columns that a table gets at its
    end, one for each column of `Block.missing`. `dropped` maps the names of features to columns that were added so: the
    output does not have them, and with `emptied`, the feature is missing where they are 1. `features` are those of the
    output where they are not those of the input.
    """

    dtype: np.dtype[Any]
    receipt: Mapping[str, Any]
    format: str | None = None
    force: bool = False
    added: tuple[str, ...] = ()
    dropped: Mapping[str, str] = field(default_factory=dict)
    emptied: bool = True
    features: OutputFeatures | None = None


class Sink(Protocol):
    """Writes transformed blocks; nothing has the final name before `commit`.

    `encode` may be called from several threads at once, all other methods from one thread only. `write` takes the
    results of `encode` in the order of the data. Every method may raise DataError where the file system refuses; then
    `discard` must be called.

    A sink is pickled as what `encode` needs, so that workers in other processes and on other machines can do that.
    """

    notes: list[str]
    """Sentences for the user on what could not be kept."""

    @property
    def encodes_to(self) -> str | None:
        """The folder that `encode` writes to, where each sample is a file of its own; None: it writes nothing."""
        ...

    def encode(self, block: Block) -> Any:
        """Returns the block in the form that `write` takes; safe to call from several threads at once.

        With `encodes_to`, its samples are written, in any order, and their names and sizes are returned. A block may be
        encoded twice, where a worker dies, and perhaps at the same time, where it only seems to have died.
        """
        ...

    def write(self, encoded: Any) -> None:
        """Adds an encoded block, at once for standard output; BrokenPipeError where its reader is gone."""
        ...

    def commit(self) -> None:
        """Completes the output and gives it its final name, replacing an earlier output."""
        ...

    def discard(self) -> None:
        """Removes everything that was written; does nothing after `commit`."""
        ...
