"""The Sink of an HDF5 dataset: the whole input file again, with the one dataset written block by block."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.hdf5.access import ERRORS, explain, open_file
from zm_cli.formats.hdf5.copy import FileCopy, creation_list, needs_new_headers
from zm_cli.formats.hdf5.layout import find_layout, is_layout, read_text
from zm_cli.formats.hdf5.links import encode_name, show_name
from zm_cli.formats.hdf5.packing import Packed, Packer, find_packer
from zm_cli.formats.hdf5.source import RECEIPT, Hdf5Source
from zm_cli.formats.hdf5.storage import chunk_cache, create_dataset
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_file import Device
from zm_cli.running.time_limit import limited

OUTPUT_SUFFIXES = (".h5", ".hdf5", ".he5")
SPEAKS_OF_VALUES = (
    "scale_factor", "add_offset", "_FillValue", "missing_value", "valid_range", "valid_min", "valid_max", "units",
)  # fmt: skip
"""Attributes, kept as they are, that tell something of the values as they were."""


def check_name(source: Hdf5Source, output: str) -> None:
    """Raises UsageError for an output that is no HDF5 file by its name, and for a dataset that has no place in it.

    The input's own suffix is one too.
    """
    if source.beyond:
        raise UsageError(
            "lies in another file, in the midst of what is there",
            where=f"{source.path}: {source.spec.decoding['dataset']}",
            hint="it can be read, not written; give that file itself",
        )
    if output == "-":
        raise UsageError("HDF5 cannot be written to standard output", where="--output", hint="name a .h5 with -o")
    suffix = Path(output).suffix.lower()
    if suffix not in OUTPUT_SUFFIXES and (not suffix or suffix != Path(source.path).suffix.lower()):
        raise UsageError(
            "is no name for an HDF5 file", where=output, hint=f"it is to end in {', '.join(OUTPUT_SUFFIXES)}"
        )


class Hdf5Sink:
    """Writes the source's file to `output` with its dataset in the new dtype; nothing is there before `commit`.

    `encode` gives the block's values in the order of the axes in the file, packed into whole chunks where that is
    possible; `write` appends them along the sample axis.
    Raises DataError where input or output fail.
    """

    def __init__(self, source: Hdf5Source, output: str, options: WriteOptions) -> None:
        self.notes: list[str] = []
        self._options = options
        self._source = source
        self._name = str(source.spec.decoding["dataset"])
        self._dtype = options.dtype.newbyteorder("=")
        self._next = 0
        self._file: Any = None
        self._dataset: Any = None
        self._packer: Packer | None = None
        self._draft = Draft(Path(output))
        self._device = Device(self._draft)
        try:
            with self._library_calls("cannot be prepared"):
                self._prepare()
        except BaseException:
            self.discard()
            raise

    def _prepare(self) -> None:
        with open_file(self._source.path) as file:
            special = self._source.open_dataset(file)
            letters = self._source.spec.decoding.get("layout")
            self._axis = letters.index("N") if letters else 0
            self._create_file(file)
            own, added = self._own_attributes(special, letters)
            shape = list(special.shape)
            shape[self._axis] = self._source.spec.samples
            cut = tuple(shape) != special.shape

            def create(group: Any, name: bytes, link: Any) -> list[str]:
                return create_dataset(special, group, name, self._dtype, link, tuple(shape))

            copy = FileCopy(file, self._file.id, special, self._name, create, frozenset(own))
            copy.run()
            self.notes += copy.notes
            self._open_dataset(special)
            for name, text in added.items():
                self._dataset.attrs[name] = text
            self._user_block = file.userblock_size
        if cut:
            first = f"{show_name(self._name)} holds the first {shape[self._axis]} samples"
            self.notes.append(f"{first}; everything else in the file is whole")
        kept = [name for name in SPEAKS_OF_VALUES if name in self._dataset.attrs]
        if kept:
            self.notes.append(f"{show_name(self._name)} keeps {', '.join(kept)}, which tell of the values as they were")

    def _create_file(self, file: Any) -> None:
        import h5py
        from h5py import h5f, h5fd, h5p

        access = h5p.create(h5p.FILE_ACCESS)
        access.set_fclose_degree(h5f.CLOSE_STRONG)
        # As old as possible, for the sake of old readers; the newest is allowed for what is copied as it is.
        access.set_libver_bounds(h5f.LIBVER_V18 if needs_new_headers(file) else h5f.LIBVER_EARLIEST, h5f.LIBVER_LATEST)
        access.set_fileobj_driver(h5fd.fileobj_driver, self._device)
        made = h5f.create(self._draft.path.name.encode("utf-8", "replace"), h5f.ACC_TRUNC, creation_list(file), access)
        self._file = h5py.File(made)

    def _own_attributes(self, special: Any, letters: str | None) -> tuple[set[bytes], dict[str, str]]:
        """The attributes that are not copied, and those to write: the receipt, and a layout that the user gave."""
        added = {RECEIPT: json.dumps(dict(self._options.receipt), sort_keys=True)}
        if letters is not None and letters != find_layout(special):
            there = read_text(special, "layout")
            if "layout" not in special.attrs or (there is not None and is_layout(there, len(letters))):
                added["layout"] = letters
        return {name.encode() for name in added}, added

    def _open_dataset(self, special: Any) -> None:
        import h5py
        from h5py import h5d, h5p

        name = encode_name(self._name)
        made = self._file[name]
        access = h5p.create(h5p.DATASET_ACCESS)
        access.set_chunk_cache(*chunk_cache(made.shape, made.chunks, self._dtype.itemsize, self._axis, aligned=False))
        del made
        self._dataset = h5py.Dataset(h5d.open(self._file.id, name, access))
        self._packer = find_packer(self._dataset, self._axis)

    def encode(self, block: Block) -> NDArray[Any] | Packed:
        """The block's values with the sample axis where the file has it: as whole chunks, or one C-contiguous array."""
        values = np.moveaxis(block.values, 0, self._axis)
        packed = None if self._packer is None else self._packer.pack(values, *block.span.address)
        return np.ascontiguousarray(values, self._dtype) if packed is None else packed

    def write(self, encoded: NDArray[Any] | Packed) -> None:
        """Appends encoded samples; DataError where the file system refuses."""
        with self._library_calls("cannot be written"):
            if isinstance(encoded, Packed):
                self._next = self._write_chunks(encoded)
            else:
                self._next = self._write_values(encoded)

    def _write_chunks(self, packed: Packed) -> int:
        assert packed.start == self._next
        for corner, stored in packed.chunks:
            self._dataset.id.write_direct_chunk(corner, stored)
        return packed.stop

    def _write_values(self, values: NDArray[Any]) -> int:
        from h5py import h5s

        count: tuple[int, ...] = values.shape
        space = self._dataset.id.get_space()
        space.select_hyperslab(tuple(self._next if axis == self._axis else 0 for axis in range(len(count))), count)
        self._dataset.id.write(h5s.create_simple(count), space, values)
        return self._next + count[self._axis]

    def commit(self) -> None:
        """Ends the file and gives it its name; DataError where the file system refuses or samples are missing."""
        try:
            with self._library_calls("cannot be completed"):
                self._end_early()
                self._dataset = None
                self._file.close()
                self._file = None
                if self._user_block:
                    self._device.copy_head(self._source.path, self._user_block)
            self._device.close()
        except BaseException:
            self.discard()
            raise
        self._draft.commit()

    def _end_early(self) -> None:
        expected = self._dataset.shape[self._axis]
        if self._next == expected:
            return
        if self._dataset.chunks is None:
            raise DataError(f"{self._next} of {expected} samples were written", where=self._name)
        self._dataset.resize(self._next, axis=self._axis)

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        self._device.abandon()
        self._dataset = None
        if self._file is not None:
            with suppress(*ERRORS):
                self._file.close()
            self._file = None
        self._device.close()
        self._draft.discard()

    @contextmanager
    def _library_calls(self, what: str) -> Iterator[None]:
        """Runs calls of the library; a failed write is told as that, whatever the library made of it."""
        try:
            with limited(self._source.path):
                yield
        except ERRORS as error:
            self._device.check()
            raise DataError(f"{what}: {explain(error)}", where=str(self._draft.target)) from error
        self._device.check()
