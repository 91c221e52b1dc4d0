"""The rows of CSV: statistics and a standardized table, against polars, pandas with scikit-learn, and DuckDB."""

from __future__ import annotations

from bench.work import ANSWER, Contestant, Row, Target, peer, zm

POLARS = "polars, streaming"
PANDAS_SKLEARN = "pandas + scikit-learn, in chunks"
PANDAS = "pandas, in chunks"
STATS = "{ready}/stats.json"

TABLE_ROWS = (
    Row(
        name="csv-stats",
        title="stats of CSV, 17 columns",
        inputs=("table.csv",),
        contestants=(
            Contestant("zm", zm("stats", "{data}/table.csv", "--json"), ANSWER),
            Contestant("zm -j 1", zm("stats", "{data}/table.csv", "--json", "-j", "1"), ANSWER),
            Contestant("floor: newlines counted", peer("count_lines", "{data}/table.csv")),
            Contestant(POLARS, peer("polars_stats", "{data}/table.csv"), ANSWER),
            Contestant(PANDAS_SKLEARN, peer("pandas_sklearn_stats", "{data}/table.csv"), ANSWER),
            Contestant("DuckDB, mean and deviation", peer("duckdb_stats", "{data}/table.csv"), ANSWER),
            Contestant("DuckDB, SUMMARIZE", peer("duckdb_summarize", "{data}/table.csv"), ANSWER),
        ),
        targets=(Target(1.0, POLARS), Target(3, PANDAS_SKLEARN, faster=True)),
    ),
    Row(
        name="csv-standardize",
        title="standardize CSV with known statistics, 16 columns",
        inputs=("table.csv",),
        # The id stays as it is: for zm as a column that has no statistics.
        ready=(zm("stats", "{data}/table.csv", "--exclude", "id", "-o", STATS),),
        contestants=(
            Contestant("zm", zm("standardize", "{data}/table.csv", "--stats", STATS, "-o", "{output}/z.csv"), "z.csv"),
            Contestant(POLARS, peer("polars_standardize", "{data}/table.csv", STATS, "{output}/z.csv"), "z.csv"),
            Contestant(
                PANDAS, peer("pandas_standardize", "{data}/table.csv", STATS, "{output}/z.csv"), "z.csv", rounds=1
            ),
        ),
        targets=(Target(1.1, POLARS), Target(6, PANDAS, faster=True)),
    ),
)
