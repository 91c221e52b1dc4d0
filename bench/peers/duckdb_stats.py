"""DuckDB: mean and deviation of every numeric column of a CSV file, in SQL."""

import json
import sys

import duckdb

table = duckdb.read_csv(sys.argv[1])
kinds = zip(table.columns, table.types, strict=True)
names = [name for name, kind in kinds if str(kind) in {"BIGINT", "DOUBLE"}]
[values] = table.aggregate(f"avg(COLUMNS({names})), stddev_pop(COLUMNS({names}))").fetchall()
half = len(values) // 2
print(json.dumps({"mean": values[:half], "std": values[half:]}))
