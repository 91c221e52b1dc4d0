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
    """The features of an output, if they are not those of the input.

    `axes` and `sample_shape` are as in a Spec. `names` are the columns that a table gets in place of the transformed
    ones, at the position of the first. `order` are all columns of the original table, whose order is restored if all of
    them are there; None if it is not known.
    """

    axes: str
    sample_shape: tuple[int | None, ...]
    names: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None


@dataclass(frozen=True)
class WriteOptions:
    """How to write an output.

    `dtype` is the type of its values, `receipt` is written with it, `format` is one of the output formats of its Format
    (None: the name of the output decides). `force` overrules doubts. `added` names the columns that a table gets at its
    end, one for each column of `Block.missing`. `dropped` maps the names of features to such columns of an earlier run:
    the output does not have them, and with `emptied`, the feature is missing where they are 1. `features` are those of
    the output if they are not those of the input.
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
    results of `encode` in the order of the data. Every method may raise DataError if the file system fails; then
    `discard` must be called.

    The pickle of a sink holds what `encode` needs, so that workers in other processes and on other machines can encode.
    """

    notes: list[str]
    """Sentences for the user about what could not be kept."""

    @property
    def encodes_to(self) -> str | None:
        """The folder that `encode` writes to, if each sample is a file of its own; None if `encode` writes nothing."""
        ...

    def encode(self, block: Block) -> Any:
        """Returns the block in the form that `write` takes; safe to call from several threads at once.

        With `encodes_to`, it writes the samples, in any order, and returns their names and sizes. A block may be
        encoded twice, if a worker died, and even at the same time, if it only seemed to.
        """
        ...

    def write(self, encoded: Any) -> None:
        """Adds an encoded block, for standard output without delay; BrokenPipeError if its reader is gone."""
        ...

    def commit(self) -> None:
        """Completes the output and gives it its final name; replaces an earlier output."""
        ...

    def discard(self) -> None:
        """Removes everything that was written; does nothing after `commit`."""
        ...
