"""DuckDB's SUMMARIZE of a CSV file: means and deviations, but also quartiles and distinct values, approximately."""

import json
import sys

import duckdb

SUMMARY = "SELECT avg::DOUBLE, std::DOUBLE, count FROM (SUMMARIZE FROM '{}') WHERE std IS NOT NULL"

columns = duckdb.execute(SUMMARY.format(sys.argv[1])).fetchall()
mean = [average for average, _, _ in columns]
# It divides by n - 1.
std = [deviation * ((count - 1) / count) ** 0.5 for _, deviation, count in columns]
print(json.dumps({"mean": mean, "std": std}))
