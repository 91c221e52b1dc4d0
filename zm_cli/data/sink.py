"""Sink: where transformed blocks go, in the format of the source they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from zm_cli.data.block import Block


@dataclass(frozen=True)
class WriteOptions:
    """How an output is to be written: the dtype of its values, the receipt to leave with it, the form of images."""

    dtype: np.dtype[Any]
    receipt: Mapping[str, Any]
    form: str | None = None


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
