"""The Source of an HDF5 dataset: runs of samples, aligned with the dataset's chunks, read directly or through h5py."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data import block as nouns
from zm_cli.data.block import Block, Span
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import UNNAMED, Spec
from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import ERRORS, explain, open_file
from zm_cli.formats.hdf5.choose import (
    check_inside,
    choose_dataset,
    describe_datasets,
    list_datasets,
    numeric_dtype,
    open_named,
)
from zm_cli.formats.hdf5.claims import check_claims
from zm_cli.formats.hdf5.direct import ChunkedValues, ContiguousValues, find_direct
from zm_cli.formats.hdf5.layout import find_layout, parse_layout, read_text
from zm_cli.formats.hdf5.links import describe_external_links, encode_name, is_foreign, leads_beyond, show_name
from zm_cli.formats.hdf5.storage import chunk_cache, describe_storage
from zm_cli.outputs.receipt import parse_receipt
from zm_cli.running.time_limit import limited

RECEIPT = "zm"
"""The attribute that holds what an earlier run did to the dataset."""
MOST_STRETCH = 4
"""A run of whole chunks may be this many times larger than a block; beyond that, chunks are cut."""
MISSING_MARKS = ("_FillValue", "missing_value")
HANDLES = frozenset({"_process", "_opened"})

_opening = threading.Lock()


@dataclass(frozen=True)
class _Opened:
    """The handles of one process: the file (an `h5py.File`), the dataset's low-level id; the file's descriptor, where
    values can be read past the library."""

    file: Any
    dataset: Any
    handle: int | None


class Hdf5Source:
    """One numeric dataset of an HDF5 file, its sample axis moved to the front.

    Raises UsageError where dataset or layout cannot be as asked, DataError where the file cannot be read.
    """

    one_pass = False
    forkable = True
    small_samples = False
    classes: tuple[str, ...] = ()
    beyond: bool
    """Whether another file begins before the end of the way to the dataset, which so has no place in this one."""
    _shape: tuple[int, ...]
    _chunks: tuple[int, ...] | None
    _stored: np.dtype[Any]
    _process: int
    _opened: _Opened | None
    _direct: ContiguousValues | ChunkedValues | None = None
    _sought = False

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        self._allow_external = bool(options.allow_external)
        self._limit = options.limit
        with limited(path), open_file(path) as file:
            self._name, dataset = choose_dataset(file, path, options.dataset, self._allow_external)
            self.beyond = leads_beyond(file.id, encode_name(self._name))
            try:
                self._inspect(dataset, options.layout)
                note = check_claims(dataset, dataset.file.filename, self._place(), self._axis)
            except ERRORS as error:
                raise DataError(f"cannot be read: {explain(error)}", where=self._place()) from error
        self._notes = (note,) if note else ()
        self._forget_handles()

    def _inspect(self, dataset: Any, asked: str | None) -> None:
        self._shape = tuple(dataset.shape)
        self._stored = np.dtype(dataset.dtype).newbyteorder("=")
        self._chunks = dataset.chunks
        layout = find_layout(dataset) if asked is None else parse_layout(asked, self._name, self._shape)
        decoding = {"dataset": self._name} | ({"layout": layout} if layout else {})
        letters = layout or "N" + UNNAMED[: len(self._shape) - 1]
        self._axis = letters.index("N")
        dtype = numeric_dtype(dataset)
        assert dtype is not None
        there = self._shape[self._axis]
        self._samples = there if self._limit is None else min(self._limit, there)
        self.spec = Spec(
            kind="hdf5",
            axes="N" + letters.replace("N", ""),
            sample_shape=_without(self._shape, self._axis),
            dtype=dtype,
            samples=self._samples,
            limit=self._limit,
            decoding=decoding,
        )
        self.sample_bytes = math.prod(self._shape) * self._stored.itemsize // there
        self.nbytes = self._samples * self.sample_bytes
        self.receipt: Mapping[str, Any] | None = parse_receipt(read_text(dataset, RECEIPT))

    def spans(self) -> Iterator[Span]:
        """Runs of samples of about BLOCK_BYTES that end where chunks end, where those are small enough to allow it."""
        # The library keeps what it reads to find the chunks: this process finds them, for all, and lets go of it.
        if not self._sought:
            with suppress(DataError, *ERRORS):
                self._open()
                self.close()
        rows = self._span_rows()
        for index, start in enumerate(range(0, self._samples, rows)):
            stop = min(start + rows, self._samples)
            yield Span(index, (start, stop), (stop - start) * self.sample_bytes)

    def _span_rows(self) -> int:
        sample_bytes = self.sample_bytes
        rows = max(1, nouns.BLOCK_BYTES // sample_bytes)
        if self._chunks is None:
            return rows
        deep = self._chunks[self._axis]
        if deep <= rows:
            return rows - rows % deep
        return deep if deep * sample_bytes <= MOST_STRETCH * nouns.BLOCK_BYTES else rows

    def read(self, span: Span) -> Block:
        """The samples of a span: values (n, ...) in the native dtype, C-contiguous, the sample axis first.

        Raises DataError where the file changed or is damaged there.
        """
        import xxhash

        start, stop = span.address
        values = self._read_directly(start, stop)
        if values is None:
            values = self._read_by_library(start, stop)
        if values.dtype.kind == "b":
            values = values.view(np.uint8)
        return Block(span, values, xxhash.xxh3_128(values.reshape(-1).view(np.uint8).data).digest())

    def _read_directly(self, start: int, stop: int) -> NDArray[Any] | None:
        """The samples read past the library; None where that cannot be done. DataError where the file ends before."""
        try:
            handle = self._open().handle
        except ERRORS:
            # The library meets it again, and knows more of it.
            return None
        direct = self._direct
        if handle is None or direct is None:
            return None
        values: NDArray[Any] = np.empty((stop - start, *_without(self._shape, self._axis)), direct.dtype)
        try:
            direct.fill(handle, start, stop, np.moveaxis(values, 0, self._axis))
        except EOFError as error:
            raise self._unreadable(start, stop, str(error)) from error
        except (OSError, ValueError):
            return None
        return values if values.dtype.isnative else values.byteswap(inplace=True).view(self._stored)

    def _read_by_library(self, start: int, stop: int) -> NDArray[Any]:
        """The samples read through h5py; DataError where that fails."""
        from h5py import h5s

        try:
            dataset = self._open().dataset
            count = (*self._shape[: self._axis], stop - start, *self._shape[self._axis + 1 :])
            offset = tuple(start if axis == self._axis else 0 for axis in range(len(count)))
            stored: NDArray[Any] = np.empty(count, self._stored)
            space = dataset.get_space()
            if space.shape != self._shape:
                raise DataError(f"changed its shape from {self._shape} to {space.shape} meanwhile", where=self._place())
            space.select_hyperslab(offset, count)
            with limited(self.path):
                dataset.read(h5s.create_simple(count), space, stored)
        except ERRORS as error:
            raise self._unreadable(start, stop, explain(error)) from error
        return np.ascontiguousarray(np.moveaxis(stored, self._axis, 0))

    def _unreadable(self, start: int, stop: int, reason: str) -> DataError:
        return DataError(
            f"samples {start} to {stop - 1} cannot be read: {reason}",
            where=self._place(),
            hint="the file is damaged there, or cut short; copy it again from its origin",
        )

    def tally(self, span: Span) -> None:
        """Nothing: the values are numbers already, which are not counted faster than read."""

    def facts(self) -> Facts:
        """The file's size, the sample's shape, how the dataset is stored, and what else the file holds."""
        with limited(self.path), open_file(self.path) as file:
            try:
                dataset = self.open_dataset(file)
                others = {"dataset": show_name(self._name), "layout": self.spec.decoding.get("layout", "not clear")}
                others |= describe_storage(dataset)
                marks = {name: dataset.attrs[name] for name in MISSING_MARKS if name in dataset.attrs}
                if marks:
                    told = ", ".join(f"{np.squeeze(value)} ({name})" for name, value in marks.items())
                    others["marked as missing"] = show_name(told)
                rest = [entry for entry in list_datasets(file) if entry[1] != dataset]
                if rest:
                    others["other datasets"] = describe_datasets(rest)
                if away := describe_external_links(file):
                    others["links away"] = away
            except ERRORS as error:
                raise DataError(f"cannot be read: {explain(error)}", where=self._place()) from error
        return Facts(
            nbytes=os.path.getsize(self.path),
            shapes={"x".join(map(str, self.spec.sample_shape)) or "scalar": self._samples},
            types={self.spec.dtype.name: self._samples},
            others=others,
            notes=self._notes,
        )

    def open_dataset(self, file: Any) -> Any:
        """The `h5py.Dataset` that is read, in its file just opened.

        Raises UsageError where a way out of the file was put in meanwhile, DataError where there is no dataset left.
        """
        import h5py

        dataset = open_named(file, self.path, self._name, self._allow_external)
        if not isinstance(dataset, h5py.Dataset):
            raise DataError("is no longer there", where=self._place())
        if not self._allow_external:
            check_inside(dataset, self.path, self._place())
        return dataset

    def close(self) -> None:
        """Closes the file; the next read opens it again."""
        with _opening:
            if self._opened is not None and self._process == os.getpid():
                self._opened.file.close()
            self._opened = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in HANDLES}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget_handles()

    def _forget_handles(self) -> None:
        self._process = os.getpid()
        self._opened = None

    def _place(self) -> str:
        return f"{self.path}: {show_name(self._name)}"

    def _open(self) -> _Opened:
        """This process's handles, opened by its first read."""
        from h5py import h5d, h5p

        with _opening, limited(self.path):
            if self._process != os.getpid():
                self._forget_handles()
            if self._opened is None:
                access = h5p.create(h5p.DATASET_ACCESS)
                aligned = self._chunks is None or self._span_rows() % self._chunks[self._axis] == 0
                access.set_chunk_cache(
                    *chunk_cache(self._shape, self._chunks, self._stored.itemsize, self._axis, aligned)
                )
                file = open_file(self.path)
                # Closed again at once: while it is open, the library gives the next opening the same cache.
                foreign = is_foreign(self.open_dataset(file).id, file)
                dataset = h5d.open(file.id, encode_name(self._name), access)
                same = dataset.shape == self._shape and dataset.dtype.newbyteorder("=") == self._stored
                if same and not self._sought and not foreign:
                    self._direct, self._sought = find_direct(file, dataset, self._axis), True
                past = same and self._direct is not None
                self._opened = _Opened(file, dataset, file.id.get_vfd_handle() if past else None)
            return self._opened


def find_receipt(path: str, dataset: str | None) -> Mapping[str, Any] | None:
    """What an earlier run left on a dataset of the file: on the one of that name, else on the first that has a receipt.

    Raises DataError where the file cannot be read.
    """
    with limited(path), open_file(path) as file:
        try:
            wanted = None if dataset is None else "/" + dataset.strip("/")
            for name, found in list_datasets(file):
                if wanted in (None, name) and (receipt := parse_receipt(read_text(found, RECEIPT))) is not None:
                    return receipt
        except ERRORS as error:
            raise DataError(f"cannot be read: {explain(error)}", where=path) from error
    return None


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]
