"""Computes how long a dataset takes on some machines, step by step, and which step is the bottleneck."""

from __future__ import annotations

from bench.scale.work import SHARED_FILES, Dataset, Figures, Machines, Step
from zm_cli.data.block import BLOCK_BYTES
from zm_cli.running.plan import GROUPS_TOGETHER


def count_core_hours(dataset: Dataset, figures: Figures) -> float:
    """Returns the processor time of all work on the samples, in hours of one core."""
    return _decode_seconds(dataset, figures) / 3600


def list_steps(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """Returns the steps of one run on a cluster: those that come one after another, with what bounds each.

    Decoding, reading and scheduling go on at the same time: the slowest of the three counts.
    """
    tasks = dataset.decoded / (BLOCK_BYTES * GROUPS_TOGETHER)
    at_once = [*_list_measuring(dataset, machines, figures), Step("scheduler", tasks * figures.task_seconds)]
    return [*_list_opening(dataset, machines, figures), max(at_once, key=lambda step: step.seconds)]


def list_shard_steps(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """Returns the steps of as many jobs with `--shard` as there are machines, and of the merge.

    Every job lists all names; with `--mode`, it reads only its own headers.
    """
    slowest = max(_list_measuring(dataset, machines, figures), key=lambda step: step.seconds)
    merge = Step("merge", figures.start_seconds + machines.count * figures.merge_seconds)
    return [*_list_opening(dataset, machines, figures), slowest, merge]


def _list_opening(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """The steps before the first sample is decoded."""
    start = Step("start", figures.start_seconds)
    if dataset.files <= 1:
        return [start]
    headers = dataset.files * figures.header_seconds / (machines.count * machines.cores)
    return [start, Step("listing", dataset.files * figures.names_seconds), Step("headers", headers)]


def _list_measuring(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """The steps that go on at the same time while samples are measured."""
    decoding = _decode_seconds(dataset, figures) / (machines.count * machines.cores)
    reading = dataset.nbytes / min(machines.count * machines.bytes_per_second, SHARED_FILES)
    return [Step("decoding", decoding), Step("file system", reading)]


def _decode_seconds(dataset: Dataset, figures: Figures) -> float:
    if dataset.compressed == "jpeg":
        # Decoding takes its time by the bytes of the file more than by the number of pixels.
        return dataset.nbytes / figures.jpeg_bytes * figures.jpeg_seconds
    seconds = figures.gzip_seconds if dataset.compressed == "gzip" else figures.hdf5_seconds
    return dataset.decoded / 1e9 * seconds
