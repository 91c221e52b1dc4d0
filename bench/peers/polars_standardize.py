"""Polars: columns of a CSV file standardized with given statistics, streamed into another CSV file.

python polars_standardize.py TABLE STATS.json OUTPUT
"""

import json
import sys
from pathlib import Path

import polars as pl

table, stats, output = sys.argv[1:]
known = json.loads(Path(stats).read_text())
pl.scan_csv(table).with_columns(
    (pl.col(name) - mean) / std for name, mean, std in zip(known["names"], known["mean"], known["std"], strict=True)
).sink_csv(output)
