"""The parts of an HDF5 output: describes them, checks that they fit together, and writes them as one dataset."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from zm_cli.data import block
from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.datasets import list_datasets
from zm_cli.formats.hdf5.external import find_other_file
from zm_cli.formats.hdf5.names import encode_name, format_name
from zm_cli.formats.hdf5.receipts import find_part
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.running.time_limit import limited

FILES = "/files"
"""The dataset with the names of the files that images were read from."""


@dataclass(frozen=True)
class PartFile:
    """A part of an output: its dataset `name` of this shape and type. `beside` holds the shapes and types of the
    datasets that describe its samples, by their paths."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    beside: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]


def describe_part(path: str, axis: int) -> PartFile:
    """Returns a description of the part at `path`; raises DataError if it cannot be read."""
    with reading_part(path) as file:
        name, dataset = find_part(file)
        if len(dataset.shape) <= axis:
            raise DataError(f"has no axis {axis} of samples", where=f"{path}: {format_name(name)}")
        samples = dataset.shape[axis]
        _check_own(dataset, path, name)
        beside = {}
        for other, found in list_datasets(file):
            if other != name and found.shape and found.shape[0] == samples:
                _check_own(found, path, other)
                beside[other] = (found.shape, found.dtype)
        return PartFile(path, name, dataset.shape, np.dtype(dataset.dtype), beside)


def _check_own(dataset: Any, path: str, name: str) -> None:
    """Raises DataError if values of the `h5py.Dataset` lie in another file, which zm never writes."""
    if (elsewhere := find_other_file(dataset.id, path)) is not None:
        raise DataError(elsewhere, where=f"{path}: {format_name(name)}", hint="give parts as zm wrote them")


def check_alike(parts: Sequence[PartFile], axis: int, total: int | None) -> None:
    """Raises DataError if the dataset of a part does not continue that of the first part."""
    first = parts[0]
    for part in parts:
        same = (part.name, part.dtype, drop_axis(part.shape, axis)) == (
            first.name,
            first.dtype,
            drop_axis(first.shape, axis),
        )
        if not same:
            held = " and ".join(f"{format_name(each.name)} {each.shape} {each.dtype}" for each in (part, first))
            raise DataError(f"does not continue {first.path}: they hold {held}", where=part.path)
    samples = sum(part.shape[axis] for part in parts)
    if samples != (samples if total is None else total):
        raise DataError(f"all parts together hold {samples} samples, not the {total} that were cut", where=first.path)


def list_beside(parts: Sequence[PartFile]) -> list[str]:
    """Returns the paths of the datasets that describe the samples of all parts;
    raises DataError if a part lacks one."""
    # Later parts have no other datasets.
    names = sorted({name for part in parts[1:] for name in part.beside})
    for name in names:
        for part in parts:
            kinds = {drop_axis(shape, 0) for shape, _ in (each.beside[name] for each in parts if name in each.beside)}
            if name not in part.beside or len(kinds) > 1:
                raise DataError(
                    f"has no {format_name(name)} for its samples, unlike other parts",
                    where=part.path,
                    hint="write all parts with the same statistics",
                )
    return names


def check_names(parts: Sequence[PartFile]) -> None:
    """Raises DataError if two parts name the same file; FILES has the file names of images."""
    if not all(FILES in part.beside and part.beside[FILES][1].hasobject for part in parts):
        return
    seen: set[Any] = set()
    for part in parts:
        with reading_part(part.path) as file:
            names = set(file[encode_name(FILES)][()].reshape(-1).tolist())
        if twice := seen & names:
            raise DataError(
                f"has {format_name(min(twice))}, and so has another part",
                where=part.path,
                hint="they are not parts of one output",
            )
        seen |= names


def drop_axis(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def append_all(file: Any, parts: Sequence[PartFile], name: str) -> None:
    """Writes the datasets `name` of all parts one after another as one dataset of `file` (an `h5py.File`)."""
    shape, dtype = parts[0].beside[name]
    samples = sum(part.beside[name][0][0] for part in parts)
    made = file.create_dataset(encode_name(name), (samples, *shape[1:]), dtype, track_times=False)
    start = 0
    for part in parts:
        with reading_part(part.path) as old:
            values = old[encode_name(name)][()]
        if len(values):
            made[start : start + len(values)] = values
        start += len(values)


@contextmanager
def reading_part(path: str) -> Iterator[Any]:
    """Yields the file at `path` as an `h5py.File`; raises DataError if something in it cannot be read."""
    with limited(path), open_file(path) as file:
        try:
            yield file
        except H5PY_ERRORS as error:
            raise DataError(f"cannot be joined: {explain_error(error)}", where=path) from error


def copy_samples(dataset: Any, parts: Sequence[PartFile], axis: int, tick: Callable[[], object]) -> None:
    """Writes the samples of all parts one after another to `dataset` (an `h5py.Dataset`); calls `tick` after each."""
    start = 0
    for part in parts:
        samples = part.shape[axis]
        step = max(1, block.BLOCK_BYTES * samples // max(1, math.prod(part.shape) * part.dtype.itemsize))
        with reading_part(part.path) as file:
            for first in range(0, samples, step):
                last = min(first + step, samples)
                values = file[encode_name(part.name)][(slice(None),) * axis + (slice(first, last),)]
                dataset[(slice(None),) * axis + (slice(start + first, start + last),)] = values
        start += samples
        tick()
