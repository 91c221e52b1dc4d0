"""Datasets for the suite over all formats: how each is written, by another route than zm's own, and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 20260102
INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True)
class Case:
    """A dataset of one kind: `write` puts `values`, the sample axis first, into a folder and returns the path to open.

    `pers` are the choices of --per that it can have, the default first. `output` is a name to write it to, which `read`
    reads. `averaged` gives the axes that statistics average over.
    """

    name: str
    values: NDArray[Any]
    write: Callable[[Path, NDArray[Any]], Path]
    pers: tuple[str, ...]
    output: str
    read: Callable[[Path], NDArray[Any]]
    averaged: Callable[[str], tuple[int, ...]]


def draw(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Seeded values of this shape and dtype."""
    rng = np.random.default_rng(SEED)
    if np.dtype(dtype).kind == "f":
        return rng.normal(3, 2, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(max(info.min, -(2**40)), min(info.max, 2**40), shape, dtype=dtype, endpoint=True)


def average_images(per: str) -> tuple[int, ...]:
    """Returns the axes of (N,H,W,C) that statistics average over."""
    return {"channel": (0, 1, 2), "pixel": (0,), "all": (0, 1, 2, 3)}[per]


def average_table(per: str) -> tuple[int, ...]:
    """Returns the axes of (N,C) that statistics average over."""
    return {"column": (0,), "all": (0, 1)}[per]
