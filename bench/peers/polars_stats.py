"""Polars: mean and deviation of every numeric column of a CSV file, streamed."""

import json
import sys

import polars as pl
import polars.selectors as cs

table = pl.scan_csv(sys.argv[1])
numbers = cs.numeric()
result = table.select(numbers.mean().name.prefix("mean_"), numbers.std(ddof=0).name.prefix("std_")).collect(
    engine="streaming"
)
values = result.row(0)
half = len(values) // 2
print(json.dumps({"mean": values[:half], "std": values[half:]}))
