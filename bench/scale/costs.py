"""Computes how long a dataset takes on some machines, step by step, and which step is the bottleneck."""

from __future__ import annotations

from bench.scale.work import SHARED_FILES, Dataset, Figures, Machines, Step

BLOCK = 8 << 20
"""Decoded bytes of a block (`zm_cli/data/block.py`)."""
TOGETHER = 8
"""Blocks in a task (`GROUPS_TOGETHER` in `zm_cli/running/plan.py`)."""


def count_core_hours(dataset: Dataset, figures: Figures) -> float:
    """Returns the processor time of all work on the samples, in hours of one core."""
    return _decode_seconds(dataset, figures) / 3600


def list_steps(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """Returns the steps of one run on a cluster: those that come one after another, with what bounds each.

    Decoding, reading and scheduling go on at the same time: the slowest of the three counts.
    """
    cores = machines.count * machines.cores
    tasks = dataset.decoded / (BLOCK * TOGETHER)
    reading = dataset.nbytes / min(machines.count * machines.bytes_per_second, SHARED_FILES)
    at_once = {
        "decoding": _decode_seconds(dataset, figures) / cores,
        "file system": reading,
        "scheduler": tasks * figures.task_seconds,
    }
    slowest = max(at_once, key=lambda name: at_once[name])
    steps = [Step("start", figures.start_seconds)]
    if dataset.files > 1:
        steps.append(Step("listing", dataset.files * figures.names_seconds))
        steps.append(Step("headers", dataset.files * figures.header_seconds / cores))
    return [*steps, Step(slowest, at_once[slowest])]


def list_shard_steps(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """Returns the steps of as many jobs with `--shard` as there are machines, and of the merge.

    Every job lists all names; with `--mode`, it reads only its own headers.
    """
    cores = machines.count * machines.cores
    reading = dataset.nbytes / min(machines.count * machines.bytes_per_second, SHARED_FILES)
    decoding = _decode_seconds(dataset, figures) / cores
    steps = [Step("start", figures.start_seconds)]
    if dataset.files > 1:
        steps.append(Step("listing", dataset.files * figures.names_seconds))
        steps.append(Step("headers", dataset.files * figures.header_seconds / cores))
    steps.append(Step("decoding", decoding) if decoding > reading else Step("file system", reading))
    return [*steps, Step("merge", figures.start_seconds + machines.count * figures.merge_seconds)]


def _decode_seconds(dataset: Dataset, figures: Figures) -> float:
    if dataset.compressed == "jpeg":
        # Decoding takes its time by the bytes of the file more than by the number of pixels.
        return dataset.nbytes / figures.jpeg_bytes * figures.jpeg_seconds
    seconds = figures.gzip_seconds if dataset.compressed == "gzip" else figures.hdf5_seconds
    return dataset.decoded / 1e9 * seconds
