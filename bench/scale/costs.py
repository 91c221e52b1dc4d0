"""Computes how long a dataset takes on some machines, step by step, and which step is the bottleneck."""

from __future__ import annotations

import math

from bench.scale.work import SHARED_FILES, Dataset, Figures, Machines, Step
from zm_cli.data.block import BLOCK_BYTES
from zm_cli.formats.images.list_images import choose_run
from zm_cli.running.plan import BATCHES_TOGETHER


def count_core_hours(dataset: Dataset, figures: Figures) -> float:
    """Returns the processor time of all work on the samples, in hours of one core."""
    return _decode_seconds(dataset, figures) / 3600


def count_name_bytes(dataset: Dataset, figures: Figures) -> float:
    """Returns the memory that the names of the files take in each process that lists them."""
    return dataset.files / dataset.folders * figures.listed_bytes


def list_steps(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """Returns the steps of runs on a cluster, one for each folder: those that come one after another.

    Decoding, reading and scheduling overlap, and so do headers and their scheduling: the slowest counts.
    """
    tasks = dataset.decoded / (BLOCK_BYTES * BATCHES_TOGETHER)
    steps = [
        Step("start", dataset.folders * figures.start_seconds),
        _find_slowest([*_list_measuring(dataset, machines, figures), Step("scheduler", tasks * figures.task_seconds)]),
    ]
    if dataset.files > 1:
        in_folder = int(dataset.files / dataset.folders)
        runs = dataset.folders * math.ceil(in_folder / choose_run(in_folder))
        headers = dataset.files * figures.header_seconds / (machines.count * machines.cores)
        steps += [
            Step("listing", dataset.files * figures.names_seconds),
            _find_slowest([Step("headers", headers), Step("scheduler, headers", runs * figures.task_seconds)]),
        ]
    return steps


def list_job_steps(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """Returns the steps of jobs without a cluster, and of the merge of their statistics.

    One folder is cut with `--shard` into as many parts as there are machines: every job lists all names, and with
    `--mode` it reads only its own headers. Several folders are a job each, and share the machines.
    """
    jobs = max(dataset.folders, machines.count)
    rounds = math.ceil(dataset.folders / machines.count)
    steps = [
        Step("start", rounds * figures.start_seconds),
        _find_slowest(_list_measuring(dataset, machines, figures)),
        Step("merge", figures.start_seconds + jobs * figures.merge_seconds),
    ]
    if dataset.files > 1:
        listed = rounds * dataset.files / dataset.folders
        headers = dataset.files * figures.header_seconds / (machines.count * machines.cores)
        steps += [Step("listing", listed * figures.names_seconds), Step("headers", headers)]
    return steps


def _list_measuring(dataset: Dataset, machines: Machines, figures: Figures) -> list[Step]:
    """Returns the steps that overlap while samples are measured."""
    decoding = _decode_seconds(dataset, figures) / (machines.count * machines.cores)
    reading = dataset.nbytes / min(machines.count * machines.bytes_per_second, SHARED_FILES)
    return [Step("decoding", decoding), Step("file system", reading)]


def _find_slowest(steps: list[Step]) -> Step:
    return max(steps, key=lambda step: step.seconds)


def _decode_seconds(dataset: Dataset, figures: Figures) -> float:
    if dataset.compressed == "jpeg":
        # The time to decode depends on the bytes of the file more than on the number of pixels.
        return dataset.nbytes / figures.jpeg_bytes * figures.jpeg_seconds
    seconds = figures.gzip_seconds if dataset.compressed == "gzip" else figures.hdf5_seconds
    return dataset.decoded / 1e9 * seconds
