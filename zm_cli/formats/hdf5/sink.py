"""The Sink of an HDF5 dataset: writes the whole input file again, and this one dataset block by block."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.alone import copy_alone
from zm_cli.formats.hdf5.attributes import read_text_attribute
from zm_cli.formats.hdf5.chunk_cache import size_chunk_cache
from zm_cli.formats.hdf5.chunk_packing import Packed, Packer, find_packer
from zm_cli.formats.hdf5.copy import FileCopier
from zm_cli.formats.hdf5.create import create_dataset
from zm_cli.formats.hdf5.layout import find_layout
from zm_cli.formats.hdf5.mask_and_scale import ATTRIBUTES
from zm_cli.formats.hdf5.names import encode_name, format_name
from zm_cli.formats.hdf5.output import create_file
from zm_cli.formats.hdf5.receipts import RECEIPT
from zm_cli.formats.shared.layout import is_layout
from zm_cli.formats.shared.options import MASK_AND_SCALE
from zm_cli.formats.shared.sampling import SampleRange
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS
from zm_cli.outputs.hdf5_file import OutputFile
from zm_cli.outputs.shard_record import add_to_shard, format_shard, is_later_shard
from zm_cli.running.time_limit import limited

if TYPE_CHECKING:
    from zm_cli.formats.hdf5.source import Hdf5Source

OUTPUT_SUFFIXES = (".h5", ".hdf5", ".he5")
DESCRIBES_VALUES = ("valid_range", "valid_min", "valid_max", "units")
"""Attributes that describe the original values; they are kept, and a note says so."""


def check_name(source: Hdf5Source, output: str) -> None:
    """Raises UsageError for an output that is not named as an HDF5 file, and for a dataset in a group of another file.

    The input's own suffix is allowed, too.
    """
    if source.in_external_group:
        raise UsageError(
            "lies in another file, in a group that is only linked here",
            where=f"{source.path}: {source.spec.decoding['dataset']}",
            hint="it can be read, not written; give that file itself",
        )
    if output == "-":
        raise UsageError("HDF5 cannot be written to standard output", where="--output", hint="name a .h5 with -o")
    suffix = Path(output).suffix.lower()
    if suffix not in OUTPUT_SUFFIXES and (not suffix or suffix != Path(source.path).suffix.lower()):
        raise UsageError(
            "is not a name for an HDF5 file", where=output, hint=f"it should end in {', '.join(OUTPUT_SUFFIXES)}"
        )


class Hdf5Sink:
    """Writes the source's file to `output` with its dataset in the new dtype; the output appears at `commit`.

    `encode` may be called from several threads at once, the other methods only from one. Raises DataError if the input
    cannot be read or the output cannot be written.
    """

    encodes_to = None

    def __init__(self, source: Hdf5Source, output: str, options: WriteOptions) -> None:
        self.notes: list[str] = []
        self._receipt = options.receipt
        self._features = options.features
        self._source = source
        self._name = source.location.name
        self._first = source.first
        self._dtype = options.dtype.newbyteorder("=")
        self._written = 0
        self._file: Any = None
        self._dataset: Any = None
        self._packer: Packer | None = None
        self._draft = Draft(Path(output))
        self._output_file = OutputFile(self._draft)
        try:
            with self._output_file.library_calls("cannot be prepared"), limited(source.path):
                self._prepare()
        except BaseException:
            self.discard()
            raise

    def _prepare(self) -> None:
        """Copies the file except the values of the dataset, and opens the new dataset."""
        with open_file(self._source.path) as file:
            old = self._source.location.open_dataset(file)
            letters = self._source.spec.decoding.get("layout")
            axis = self._axis = letters.index("N") if letters else 0
            if self._features is not None and len(self._features.axes) != len(old.shape):
                self._axis, letters = 0, self._features.axes
            is_cut = self._source.spec.shard is not None
            if is_cut:
                # If the file is a part already, only the receipt says what the whole was.
                self._receipt = add_to_shard(self._receipt, axis=self._axis, total=self._source.total)
            self._file = create_file(file, self._draft, self._output_file)
            added = self._find_added_attributes(old, letters)
            extents = list(old.shape[:axis] + old.shape[axis + 1 :] if self._features is None else self._sample_shape)
            extents.insert(self._axis, self._source.spec.samples or 0)
            shape = tuple(extents)
            axes = None if self._features is None else (axis, self._axis)

            def create(group: Any, name: bytes, link: Any) -> list[str]:
                return create_dataset(old, group, name, self._dtype, link, shape, axes)

            others = self._list_describing_others(old)
            left_out = frozenset(name.encode() for name in (*added, *ATTRIBUTES, *others))
            dropped = [name for name in ATTRIBUTES if name in old.attrs]
            alone = is_cut and is_later_shard(self._receipt)
            if alone:
                self.notes += copy_alone(self._file.id, old, self._name, create, left_out)
            else:
                copier = FileCopier(file, self._file.id, old, self._name, create, left_out)
                copier.copy()
                self.notes += copier.notes
            self._open_dataset()
            for name, text in added.items():
                self._dataset.attrs[name] = text
            self._user_block = file.userblock_size
            old_samples = old.shape[axis]
        shown = format_name(self._name)
        if alone:
            part = f"part {format_shard(self._receipt)} holds nothing but {shown}"
            self.notes.append(f"{part}, {shape[self._axis]} samples of it; everything else is in the first part")
        elif shape[self._axis] != old_samples:
            self.notes.append(
                f"{shown} holds {shape[self._axis]} of {old_samples} samples; everything else in the file is complete"
            )
        if dropped and MASK_AND_SCALE.name in self._source.spec.decoding:
            self.notes.append(
                f"{shown} is written without {', '.join(dropped)}, as its values are no longer the stored ones"
            )
        kept = [name for name in DESCRIBES_VALUES if name in self._dataset.attrs]
        if kept:
            self.notes.append(f"{shown} keeps {', '.join(kept)}, which describe the original values")

    def _find_added_attributes(self, old: Any, letters: str | None) -> dict[str, str]:
        """Returns the attributes to write, which replace others of the same name:
        the receipt, and a layout that the user gave."""
        added = {RECEIPT: json.dumps(dict(self._receipt), sort_keys=True)}
        if self._features is not None and len(self._features.axes) != len(old.shape):
            known = letters is not None and len(letters) > 2 and is_layout(letters, len(letters))
            return added | ({"layout": letters} if letters and known else {})
        if letters is not None and letters != find_layout(old):
            stored = read_text_attribute(old, "layout")
            # An attribute that only happens to have this name stays.
            if "layout" not in old.attrs or (stored is not None and is_layout(stored, len(letters))):
                added["layout"] = letters
        return added

    @property
    def _sample_shape(self) -> tuple[int, ...]:
        """The shape of the output's samples, if they have other features than the input's."""
        assert self._features is not None
        return tuple(size or 0 for size in self._features.sample_shape)

    def _list_describing_others(self, old: Any) -> list[str]:
        """Returns the existing attributes that describe features which the output does not have."""
        if self._features is None:
            return []
        scaled = ["DIMENSION_LIST"]
        ranked = ["DIMENSION_LABELS"] if len(self._features.axes) != len(old.shape) else []
        stored = read_text_attribute(old, "layout")
        laid_out = ["layout"] if ranked and stored is not None and is_layout(stored, len(old.shape)) else []
        return [name for name in (*scaled, *ranked, *laid_out) if name in old.attrs]

    def _open_dataset(self) -> None:
        import h5py
        from h5py import h5d, h5p

        name = encode_name(self._name)
        created = self._file[name]
        shape, chunks = created.shape, created.chunks
        # Closed before it is opened with a larger cache: as long as it is open, every opening gets the same cache.
        del created
        access = h5p.create(h5p.DATASET_ACCESS)
        access.set_chunk_cache(*size_chunk_cache(shape, chunks, self._dtype.itemsize, self._axis, aligned=False))
        self._dataset = h5py.Dataset(h5d.open(self._file.id, name, access))
        # Samples that were drawn do not fill whole chunks.
        self._packer = None if self._source.scattered else find_packer(self._dataset, self._axis)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("_axis", "_dtype", "_first", "_packer")}

    def encode(self, block: Block) -> NDArray[Any] | Packed:
        """Returns the block's values, (n, ...), in the output's dtype and with the axes in the order of the file.

        They are packed into compressed chunks if the dataset has gzip and the block fills whole chunks; otherwise they
        are one C-contiguous array.
        """
        values = np.moveaxis(block.values, 0, self._axis)
        address: SampleRange = block.span.address
        start, stop = address.start - self._first, address.stop - self._first
        packed = None if self._packer is None else self._packer.pack(values, start, stop)
        return np.ascontiguousarray(values, self._dtype) if packed is None else packed

    def write(self, encoded: NDArray[Any] | Packed) -> None:
        """Appends encoded samples, in the order of the data; raises DataError if that fails."""
        with self._output_file.library_calls("cannot be written"), limited(self._source.path):
            if isinstance(encoded, Packed):
                self._written = self._write_chunks(encoded)
            else:
                self._written = self._write_values(encoded)

    def _write_chunks(self, packed: Packed) -> int:
        """Stores whole chunks; returns the number of samples written so far."""
        assert packed.start == self._written
        for corner, stored in packed.chunks:
            self._dataset.id.write_direct_chunk(corner, stored)
        return packed.stop

    def _write_values(self, values: NDArray[Any]) -> int:
        """Writes values, with the axes in the order of the file; returns the number of samples written so far."""
        from h5py import h5s

        count: tuple[int, ...] = values.shape
        offset = tuple(self._written if axis == self._axis else 0 for axis in range(len(count)))
        space = self._dataset.id.get_space()
        space.select_hyperslab(offset, count)
        self._dataset.id.write(h5s.create_simple(count), space, values)
        return self._written + count[self._axis]

    def commit(self) -> None:
        """Completes the file and gives it its name; an earlier file of that name is replaced.

        A chunked dataset that received fewer samples than expected is shortened. Raises DataError if the file system
        refuses, or if a dataset without chunks would have to be shortened; the output is then discarded.
        """
        try:
            with self._output_file.library_calls("cannot be completed"), limited(self._source.path):
                self._cut_missing_samples()
                self._dataset = None
                self._file.close()
                self._file = None
                if self._user_block:
                    self._output_file.copy_head(self._source.path, self._user_block)
            self._output_file.close()
        except BaseException:
            self.discard()
            raise
        self._draft.commit()

    def _cut_missing_samples(self) -> None:
        expected = self._dataset.shape[self._axis]
        if self._written == expected:
            return
        if self._dataset.chunks is None:
            raise DataError(f"{self._written} of {expected} samples were written", where=self._name)
        self._dataset.resize(self._written, axis=self._axis)

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        self._output_file.abandon()
        self._dataset = None
        if self._file is not None:
            with suppress(*H5PY_ERRORS):
                self._file.close()
            self._file = None
        self._output_file.close()
        self._draft.discard()
