"""Whether two answers agree: `python -m bench.agreement ANSWER OTHER` fails where they do not.

It reads statistics (`.json`, `.npz`), tables and HDF5 files. It is a process of its own: the bench itself must stay
small (see `bench/process.py`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.work import TOLERANCE

Numbers = NDArray[np.float64]


def read_statistics(path: Path) -> tuple[Numbers, Numbers]:
    """Means and deviations, one after another."""
    if path.suffix == ".npz":
        with np.load(path) as fields:
            return fields["mean"].ravel(), fields["std"].ravel()
    fields = json.loads(path.read_text())
    return np.ravel(fields["mean"]), np.ravel(fields["std"])


def check_statistics(ours: Path, theirs: Path) -> None:
    """Raises ValueError where means or deviations differ."""
    (mean, std), (other_mean, other_std) = read_statistics(ours), read_statistics(theirs)
    scale = np.maximum(np.abs(mean), std)
    _check_close("mean", mean, other_mean, scale)
    _check_close("deviation", std, other_std, scale)


def check_tables(ours: Path, theirs: Path) -> None:
    """Raises ValueError where columns, texts or numbers differ."""
    import polars as pl

    table, other = pl.read_csv(ours), pl.read_csv(theirs)
    if table.schema != other.schema:
        raise ValueError(f"columns differ: {table.schema}, {other.schema}")
    for name, kind in table.schema.items():
        if kind.is_numeric():
            values = table[name].cast(pl.Float64).to_numpy()
            scale = np.maximum(np.abs(values), values.std())
            _check_close(name, values, other[name].cast(pl.Float64).to_numpy(), scale)
        elif not table[name].equals(other[name]):
            raise ValueError(f"column {name} differs")


def check_arrays(ours: Path, theirs: Path) -> None:
    """Raises ValueError where the images of two HDF5 files differ."""
    import h5py

    with h5py.File(ours) as file, h5py.File(theirs) as other:
        for values, other_values in zip(_read_slabs(file), _read_slabs(other), strict=True):
            scale = np.maximum(np.abs(values), values.std())
            _check_close("images", values, other_values, scale)


def _read_slabs(file: Any) -> Iterator[Numbers]:
    images = file["images"]
    for start in range(0, len(images), 256):
        yield images[start : start + 256].astype(np.float64)


def _check_close(what: str, ours: Numbers, theirs: Numbers, scale: Numbers) -> None:
    if ours.shape != theirs.shape:
        raise ValueError(f"{what}: shapes {ours.shape}, {theirs.shape}")
    difference = np.abs(ours - theirs)
    # Written so that a NaN is a difference.
    wrong = ~(difference <= TOLERANCE * scale)
    if wrong.any():
        raise ValueError(f"{what}: {ours[wrong][0]} here, {theirs[wrong][0]} there")


CHECKS = {".json": check_statistics, ".npz": check_statistics, ".csv": check_tables, ".h5": check_arrays}

if __name__ == "__main__":
    answers = [Path(argument) for argument in sys.argv[1:3]]
    try:
        CHECKS[answers[0].suffix](*answers)
    except ValueError as error:
        sys.exit(f"{answers[0]} and {answers[1]} do not agree: {error}")
