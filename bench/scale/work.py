"""The nouns of the forecast: the figures measured here, the datasets, and the machines that would process them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What one core, or one process, of this machine needs. Seconds are processor time."""

    start_seconds: float
    """A whole run of zm on ten samples."""
    jpeg_seconds: float
    """Statistics per channel of one photograph."""
    jpeg_bytes: float
    """The size of that photograph's file."""
    hdf5_seconds: float
    """Statistics per channel of 1 GB of HDF5, uint8, not compressed."""
    gzip_seconds: float
    """The same of 1 GB (decoded) in gzip."""
    names_seconds: float
    """Finding one file."""
    header_seconds: float
    """Reading one header."""
    listed_bytes: float
    """Memory per file in the process that lists them."""
    task_seconds: float
    """Processor time of one task in the scheduler and the client, which every task passes."""
    merge_seconds: float
    """Reading and merging one stats file."""


@dataclass(frozen=True)
class Comparison:
    """Seconds by the clock for the same photographs: with one and two workers here, and one and two Dask workers."""

    photographs: int
    one_worker: float
    two_workers: float
    one_dask_worker: float
    two_dask_workers: float


@dataclass(frozen=True)
class Dataset:
    """A dataset: the files and bytes in it. `decoded` bytes decide how many tasks there are."""

    name: str
    files: float
    nbytes: float
    decoded: float
    compressed: str
    """Which figure decides its decoding time: jpeg, hdf5 or gzip."""
    folders: int = 1
    """The number of folders of equal size that the files are cut into, each measured by a run of its own. More than one
    if the names of all files do not fit into memory."""


@dataclass(frozen=True)
class Machines:
    """Equal machines: how many, the cores of each, and how many bytes each can read in a second."""

    count: int
    cores: int
    bytes_per_second: float


@dataclass(frozen=True)
class Step:
    """A step of a run: its name, which says what bounds it, and how long it takes."""

    name: str
    seconds: float


DATASETS = (
    Dataset("ImageNet-22k: 14 million JPEGs, 1.3 TB", 14.2e6, 1.3e12, 14.2e6 * 400 * 350 * 3, "jpeg"),
    Dataset("five billion JPEGs of 50 KB, 250 TB", 5e9, 250e12, 5e9 * 256 * 256 * 3, "jpeg", folders=1000),
    Dataset("one HDF5 file of 10 TB, uint8", 1, 10e12, 10e12, "hdf5"),
    Dataset("the same 10 TB in gzip (1:2)", 1, 5e12, 10e12, "gzip"),
)
"""Sizes of photographs are assumed: 400x350 for ImageNet, 256x256 for the five billion, as such collections have."""

MACHINES = tuple(Machines(count, 32, 1.25e9) for count in (1, 4, 16, 64, 256))
"""Machines of 32 cores with a network of 10 Gbit/s, an assumption."""
SHARED_FILES = 40e9
"""Bytes per second that the shared file system gives to all machines together, an assumption."""
