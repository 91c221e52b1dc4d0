"""`RESULTS.md`: how it was measured, on what, the tables, what falls short, and the notes written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.contest import Result
from bench.growing import MAX_ROUNDS, GrowthResult
from bench.inputs.sizes import Size
from bench.results import count_disturbed, list_shortfalls, tabulate_contestants, tabulate_growth, tabulate_targets
from bench.versions import describe_machine, describe_versions
from bench.work import TOLERANCE

NOTES = Path(__file__).with_name("NOTES.md")

REPORT = """# What zm takes

Made by `make bench`, but for the notes at the end, which are `NOTES.md`.

- Machine: {machine}.
- Versions: {versions}.

## How it is measured

- Every command is a whole process, from its start to its end.
- The commands of a row run in turn, each round with another first: {rounds} rounds, fewer for the slow ones (*runs*).
- Times are medians and ratios are those of the medians.
- Inputs are in the page cache. Before each run old output is removed and the disk is idle. Nothing is synced.
- A short run is made again where other processes used the machine. {disturbed}
- Memory is the peak of the whole tree of processes, shared pages counted once, of a run that is not timed.
- Answers are compared wherever another computes the same: all agree with zm's to 1 in {agreement:,.0f}.
- zm runs with its defaults, a worker for each core, unless `-j 1` is said. It also counts, takes minima and maxima, and
  hashes what it reads.
- MB are 10^6 bytes.

## What is read

All of it is made from a seed. The pictures are the two photographs that scikit-learn carries, cut, mirrored and toned.

- JPEG: {size.jpegs:,} photographs of 500x375, quality 88.
- PNG: {size.thumbnails:,} thumbnails of 32x32.
- CSV: {size.rows:,} rows of an id, 16 floats and a label, about 170 bytes a row.
- HDF5: patches of 64x64x3 in chunks of (16,64,64,3).
  - {size.bytes_samples:,} as uint8, {size.floats_samples:,} as float32, not compressed.
  - {size.gzip_samples:,} as uint8 in gzip 4 with shuffle.
  - {size.center_samples:,} as uint8, not compressed, to center.

## Targets

{targets}

## What falls short

{shortfalls}

## All that was run

*of zm's*: how many times as long as zm.

{contestants}

## Growth

Time and peak memory of zm where the data are {factors} times as much. The peak is the highest of {growth_rounds} runs,
the time the median of as many others. 1x fills the window of blocks in flight:

- {size.growth_jpegs:,} JPEG, {size.growth_thumbnails:,} PNG (more are links to the same files under other names),
- {size.growth_rows:,} rows of CSV,
- {size.growth_samples:,} samples of HDF5, {size.growth_center_samples:,} to center.

{growths}

{notes}"""


def write_report(
    path: Path, results: Sequence[Result], growths: Sequence[GrowthResult], size: Size, rounds: int
) -> None:
    """Writes the report of a complete run."""
    text = REPORT.format(
        machine=describe_machine(),
        versions=describe_versions(),
        rounds=rounds,
        disturbed=count_disturbed(results, growths),
        agreement=1 / TOLERANCE,
        size=size,
        targets=tabulate_targets(results),
        shortfalls=list_shortfalls(results, growths),
        contestants=tabulate_contestants(results),
        factors=", ".join(map(str, size.factors)),
        growth_rounds=min(rounds, MAX_ROUNDS),
        growths=tabulate_growth(growths),
        notes=NOTES.read_text(),
    )
    path.write_text(text)
