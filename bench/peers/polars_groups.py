"""Polars: mean and deviation of every numeric column of a CSV file by its label, streamed."""

import json
import sys

import polars as pl
import polars.selectors as cs

table = pl.scan_csv(sys.argv[1]).group_by("label")
numbers = cs.numeric()
result = table.agg(numbers.mean().name.prefix("mean_"), numbers.std(ddof=0).name.prefix("std_")).collect(
    engine="streaming"
)
print(json.dumps(result.rows()))
