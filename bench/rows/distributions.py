"""The rows of what is more than means and deviations: quantiles, covariances, groups, and scaling by them."""

from __future__ import annotations

from bench.work import ANSWER, Contestant, Row, Target, peer, zm

PLAIN = "zm, means and deviations only"
STANDARDIZE = "zm standardize"
STATS = "{ready}/stats.npz"


def _measure(source: str, *options: str) -> tuple[Contestant, Contestant]:
    """zm with these options, and without."""
    path = "{data}/" + source
    return (
        Contestant("zm", zm("stats", path, *options, "--json"), ANSWER),
        Contestant(PLAIN, zm("stats", path, "--json"), ANSWER),
    )


DISTRIBUTION_ROWS = (
    Row(
        name="csv-quantiles",
        title="stats and quantiles of CSV, 17 columns",
        inputs=("table.csv",),
        contestants=(
            *_measure("table.csv", "--quantiles", "default"),
            Contestant("polars, exact quantiles in memory", peer("polars_quantiles", "{data}/table.csv")),
            Contestant("DuckDB, approximate quantiles", peer("duckdb_quantiles", "{data}/table.csv")),
        ),
        targets=(Target(1.25, PLAIN),),
    ),
    Row(
        name="csv-covariance",
        title="stats and covariance of CSV, 17 columns",
        inputs=("table.csv",),
        contestants=_measure("table.csv", "--covariance"),
        targets=(Target(1.25, PLAIN),),
    ),
    Row(
        name="csv-groups",
        title="stats of CSV by label, 17 columns, 4 groups",
        inputs=("table.csv",),
        contestants=(
            *_measure("table.csv", "--by", "label"),
            Contestant("polars, streaming", peer("polars_groups", "{data}/table.csv")),
        ),
        targets=(Target(1.25, PLAIN),),
    ),
    Row(
        name="jpeg-quantiles",
        title="stats and quantiles of JPEG photographs, per channel",
        inputs=("jpegs",),
        contestants=_measure("jpegs", "--quantiles", "default"),
        targets=(Target(1.25, PLAIN),),
    ),
    Row(
        name="hdf5-quantiles",
        title="stats and quantiles of HDF5 float32, per channel",
        inputs=("floats.h5",),
        contestants=_measure("floats.h5", "--quantiles", "default"),
    ),
    Row(
        name="csv-robust",
        title="scale CSV by quantiles, known statistics, 16 columns",
        inputs=("table.csv",),
        ready=(zm("stats", "{data}/table.csv", "--exclude", "id", "--quantiles", "default", "-o", STATS),),
        contestants=(
            Contestant(
                "zm",
                zm("scale", "{data}/table.csv", "--method", "robust", "--stats", STATS, "-o", "{output}/r.csv"),
            ),
            Contestant(STANDARDIZE, zm("standardize", "{data}/table.csv", "--stats", STATS, "-o", "{output}/z.csv")),
        ),
        targets=(Target(1.1, STANDARDIZE),),
    ),
    Row(
        name="csv-whiten",
        title="whiten CSV, known statistics, 16 columns",
        inputs=("table.csv",),
        ready=(zm("stats", "{data}/table.csv", "--exclude", "id", "--covariance", "-o", STATS),),
        contestants=(
            Contestant(
                "zm", zm("whiten", "{data}/table.csv", "--method", "zca", "--stats", STATS, "-o", "{output}/w.csv")
            ),
            Contestant(STANDARDIZE, zm("standardize", "{data}/table.csv", "--stats", STATS, "-o", "{output}/z.csv")),
        ),
        targets=(Target(1.25, STANDARDIZE),),
    ),
)
