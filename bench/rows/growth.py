"""The rows of the growth table: what zm takes where the data are 3 and 10 times as much."""

from __future__ import annotations

from bench.work import Growth, zm

ARRAY_MOST = 300
TABLE_MOST = 450
STATS = "{ready}/stats.json"

GROWTHS = (
    Growth("growth-jpeg", "stats of JPEG photographs", "jpegs", zm("stats", "{input}"), ARRAY_MOST),
    Growth("growth-png", "stats of PNG thumbnails", "thumbnails", zm("stats", "{input}"), ARRAY_MOST),
    Growth("growth-csv", "stats of CSV", "table.csv", zm("stats", "{input}"), TABLE_MOST),
    Growth(
        "growth-csv-standardize",
        "standardize CSV with known statistics",
        "table.csv",
        zm("standardize", "{input}", "--stats", STATS, "-o", "{output}/z.csv"),
        TABLE_MOST,
        ready=(zm("stats", "{input}", "--exclude", "id", "-o", STATS),),
    ),
    Growth("growth-hdf5", "stats of HDF5 uint8", "bytes.h5", zm("stats", "{input}"), ARRAY_MOST),
    Growth("growth-hdf5-gzip", "stats of HDF5 uint8 in gzip", "gzip.h5", zm("stats", "{input}"), ARRAY_MOST),
    Growth(
        "growth-hdf5-center",
        "center HDF5 uint8 to float32",
        "center.h5",
        zm("center", "{input}", "-o", "{output}/centered.h5"),
        ARRAY_MOST,
    ),
)
