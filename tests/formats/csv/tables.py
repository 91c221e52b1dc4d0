"""Saves, opens, reads and rewrites tables, for the tests of CSV files."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from numpy.typing import NDArray

from tests.systems import examples
from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import ZmError
from zm_cli.formats.csv import FORMAT

FLOAT64 = np.dtype(np.float64)
RECEIPT = {"format": "zm-receipt", "operation": "center"}
PROPERTY = settings(
    deadline=None, max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""The settings of tests that draw their tables: examples share the test's folder."""


def save(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def open_table(path: str | Path, **options: Any) -> Source:
    return FORMAT.open(str(path), ReadOptions(**options))


def read_blocks(source: Source) -> list[Block]:
    return [source.read(span) for span in source.spans()]


def read_values(source: Source) -> NDArray[np.float64]:
    """Returns all values of a source, shape (rows, features)."""
    blocks = read_blocks(source)
    return np.concatenate([np.empty((0, len(source.spec.names or ()))), *(block.values for block in blocks)])


def values_of(folder: Path, text: str | bytes, name: str = "table.csv", **options: Any) -> list[list[float | None]]:
    """Returns the values of a table row by row, with None for NaN so that lists can be compared."""
    values = read_values(open_table(save(folder, text, name), **options))
    return [[None if math.isnan(value) else value for value in row] for row in values.tolist()]


def rewrite(
    path: Path,
    output: str | Path,
    add: float | None = None,
    dtype: str = "float64",
    impute: float | None = None,
    **options: Any,
) -> None:
    """Writes the table to `output`, with `add` added to every value, and with `impute` in place of missing values."""
    source = open_table(path, **options)
    sink = source.create_sink(str(output), WriteOptions(np.dtype(dtype), RECEIPT))
    for block in read_blocks(source):
        values = block.values
        if add is not None:
            with np.errstate(invalid="ignore"):
                values = values + add
        if impute is not None:
            values = np.where(np.isnan(values), impute, values)
        sink.write(sink.encode(replace(block, values=values)))
    sink.commit()


def rewritten(folder: Path, text: str | bytes, name: str = "table.csv", **options: Any) -> bytes:
    """Returns the bytes of the table that `rewrite` writes."""
    output = folder / f"out-{name}"
    rewrite(save(folder, text, name), output, **options)
    return output.read_bytes()


def error_of(folder: Path, text: str | bytes, name: str = "table.csv", **options: Any) -> ZmError:
    """Returns the error that opening and reading a table raises."""
    with pytest.raises(ZmError) as caught:
        read_blocks(open_table(save(folder, text, name), **options))
    return caught.value
