"""The rows of HDF5: statistics against reading alone, centered files against copying and compressing with h5py."""

from __future__ import annotations

from bench.work import ANSWER, Contestant, Row, Target, peer, zm

READ = "floor: h5py reads, no more"
BY_HAND = "h5py + NumPy by hand"
COPY = "floor: h5py writes as many bytes"
CENTER = "h5py, given the mean"
STATS = "{ready}/stats.json"


def _stats_row(name: str, title: str, file: str, per: str, target: Target, *more: Target, one: bool = False) -> Row:
    """A row of `zm stats` on one file, with `-j 1` beside it where that is wanted."""
    path = "{data}/" + file
    output = ("--json",) if per == "channel" else ("-o", "{output}/stats.npz")
    answer = ANSWER if per == "channel" else "stats.npz"
    measure = zm("stats", path, "--per", per, *output)
    return Row(
        name=name,
        title=title,
        inputs=(file,),
        contestants=(
            Contestant("zm", measure, answer),
            *([Contestant("zm -j 1", (*measure, "-j", "1"), answer)] if one else []),
            Contestant(READ, peer("h5py_read", path)),
            Contestant(BY_HAND, peer("h5py_numpy_stats", path, per, "{output}/numpy.npz"), "numpy.npz", rounds=2),
        ),
        targets=(target, *more),
    )


ARRAY_ROWS = (
    _stats_row("hdf5-bytes", "stats of HDF5 uint8, per channel", "bytes.h5", "channel", Target(2, READ)),
    _stats_row("hdf5-bytes-pixel", "stats of HDF5 uint8, per pixel", "bytes.h5", "pixel", Target(2, READ)),
    _stats_row("hdf5-floats", "stats of HDF5 float32, per channel", "floats.h5", "channel", Target(2, READ)),
    _stats_row("hdf5-floats-pixel", "stats of HDF5 float32, per pixel", "floats.h5", "pixel", Target(2, READ)),
    _stats_row(
        "hdf5-gzip",
        "stats of HDF5 uint8 in gzip, per channel",
        "gzip.h5",
        "channel",
        Target(0.4, READ),
        Target(1.7, "zm -j 1", faster=True),
        one=True,
    ),
    Row(
        name="hdf5-center",
        title="center HDF5 uint8 to float32",
        inputs=("center.h5",),
        contestants=(
            Contestant("zm", zm("center", "{data}/center.h5", "-o", "{output}/centered.h5")),
            Contestant(COPY, peer("h5py_copy", "{data}/center.h5", "{output}/copy.h5")),
        ),
        targets=(Target(1.3, COPY),),
    ),
    Row(
        name="hdf5-center-stats",
        title="center HDF5 uint8 to float32, mean known",
        inputs=("center.h5",),
        ready=(zm("stats", "{data}/center.h5", "-o", STATS),),
        contestants=(
            Contestant(
                "zm", zm("center", "{data}/center.h5", "--stats", STATS, "-o", "{output}/centered.h5"), "centered.h5"
            ),
            Contestant(COPY, peer("h5py_copy", "{data}/center.h5", "{output}/copy.h5")),
            Contestant(CENTER, peer("h5py_center", "{data}/center.h5", STATS, "{output}/centered.h5"), "centered.h5"),
        ),
        targets=(Target(1.3, COPY),),
    ),
    Row(
        name="hdf5-center-gzip",
        title="center HDF5 in gzip, uint8 to float32",
        inputs=("gzip.h5",),
        ready=(zm("stats", "{data}/gzip.h5", "-o", STATS),),
        contestants=(
            Contestant("zm", zm("center", "{data}/gzip.h5", "-o", "{output}/centered.h5"), "centered.h5"),
            Contestant(
                CENTER,
                peer("h5py_center", "{data}/gzip.h5", STATS, "{output}/centered.h5"),
                "centered.h5",
                rounds=2,
            ),
        ),
        targets=(Target(5, CENTER, faster=True),),
    ),
)
