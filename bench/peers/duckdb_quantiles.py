"""DuckDB: seven approximate quantiles of every numeric column of a CSV file (t-digest)."""

import json
import sys

import duckdb

table = duckdb.read_csv(sys.argv[1])
kinds = zip(table.columns, table.types, strict=True)
names = [name for name, kind in kinds if str(kind) in {"BIGINT", "DOUBLE"}]
quantiles = "[0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]"
[values] = table.aggregate(f"approx_quantile(COLUMNS({names}), {quantiles})").fetchall()
print(json.dumps(values))
