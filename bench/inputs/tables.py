"""CSV tables: an id, sixteen columns of measures and a text label; and longer tables of the same rows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

MEASURES = 16
LABELS = ("setosa", "versicolor", "virginica", "other")


def make_table(path: Path, rows: int, seed: int) -> None:
    """Writes about 170 bytes a row: measures of several scales, with six decimals at most and seven digits or so."""
    generator = np.random.default_rng(seed)
    columns: dict[str, pl.Series] = {"id": pl.Series(np.arange(rows))}
    for index in range(MEASURES):
        center, spread = generator.uniform(-200, 200), 10.0 ** generator.uniform(-1, 2.5)
        decimals = 6 if spread < 10 else 5
        columns[f"measure_{index:02}"] = pl.Series(generator.normal(center, spread, rows).round(decimals))
    columns["label"] = pl.Series(np.array(LABELS)[generator.integers(len(LABELS), size=rows)])
    pl.DataFrame(columns).write_csv(path)


def repeat_rows(path: Path, source: Path, rows: int) -> None:
    """Writes the header of `source` and `rows` of its rows, from the first again where it has no more."""
    with source.open("rb") as table, path.open("wb") as out:
        out.write(next(table))
        start = table.tell()
        while rows:
            table.seek(start)
            for line in islice(table, rows):
                out.write(line)
                rows -= 1
