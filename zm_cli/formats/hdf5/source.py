"""The Source of an HDF5 file: one dataset of numbers, in spans that end where the dataset's chunks end."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zm_cli.data import block as blocks
from zm_cli.data.block import Block, Span
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import UNNAMED, Spec
from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.attributes import read_text_attribute
from zm_cli.formats.hdf5.beside import list_paths, open_beside
from zm_cli.formats.hdf5.choose import choose_dataset, note_left_out
from zm_cli.formats.hdf5.claims import check_claims
from zm_cli.formats.hdf5.datasets import numeric_dtype
from zm_cli.formats.hdf5.facts import describe_dataset, list_others
from zm_cli.formats.hdf5.layout import describe_guess, find_layout
from zm_cli.formats.hdf5.links import passes_external_link
from zm_cli.formats.hdf5.location import Location
from zm_cli.formats.hdf5.mask_and_scale import AS_STORED, find_meaning
from zm_cli.formats.hdf5.names import encode_name, format_name
from zm_cli.formats.hdf5.options import ALLOW_EXTERNAL
from zm_cli.formats.hdf5.reader import DatasetReader
from zm_cli.formats.hdf5.receipts import RECEIPT
from zm_cli.formats.shared.layout import parse_layout
from zm_cli.formats.shared.options import DATASET, GROWTH, LAYOUT, MASK_AND_SCALE, SHARD
from zm_cli.formats.shared.sampling import SampleRange, choose, cut_ranges
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.outputs.receipt import parse_receipt
from zm_cli.running.time_limit import limited

MAX_STRETCH = 4
"""A span of whole chunks may be up to this many times as large as a block; larger chunks are cut."""


class Hdf5Source:
    """One numeric dataset of an HDF5 file, with its sample axis first.

    `read` and `tally` may be called from several threads at once, the other methods only from the thread that opened
    the source. Raises UsageError if the file has no such dataset, or if the dataset cannot have the layout that was
    asked for; DataError if the file cannot be read.
    """

    one_pass = False
    overhead_bytes = 0
    forkable = True
    small_samples = False
    classes: tuple[str, ...] = ()
    location: Location
    """The location of the dataset."""
    in_external_group: bool
    """Whether the dataset is in a group of another file; it cannot be written then, as the group is only linked."""

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        with limited(path), open_file(path) as file:
            allow_external = bool(options.get(ALLOW_EXTERNAL))
            self.location, dataset = choose_dataset(
                file, path, options.get(DATASET), allow_external, list_paths(options)
            )
            left_out = note_left_out(file, path) if options.get(DATASET) is None else None
            self._notes: tuple[str, ...] = (left_out,) if left_out else ()
            self.in_external_group = passes_external_link(file.id, encode_name(self.location.name))
            try:
                self._describe(file, dataset, options)
                note = check_claims(
                    dataset, dataset.file.filename, str(self.location), self._axis, self.receipt is not None
                )
            except H5PY_ERRORS as error:
                raise DataError(f"cannot be read: {explain_error(error)}", where=str(self.location)) from error
        self._notes += (note,) if note else ()

    def _describe(self, file: Any, dataset: Any, options: ReadOptions) -> None:
        """Sets everything that is known before values are read."""
        shape: tuple[int, ...] = tuple(dataset.shape)
        name, asked = self.location.name, options.get(LAYOUT)
        layout = find_layout(dataset) if asked is None else parse_layout(asked, name, shape)
        if asked is None and (guess := describe_guess(dataset)):
            self._notes += (f"{self.location}: {guess}",)
        self.receipt: Mapping[str, Any] | None = parse_receipt(read_text_attribute(dataset, RECEIPT))
        letters = layout or "N" + UNNAMED[: len(shape) - 1]
        self._axis = letters.index("N")
        stored = numeric_dtype(dataset)
        assert stored is not None
        decoded = options.get(MASK_AND_SCALE)
        self._meaning = None if decoded is False else find_meaning(dataset, stored, str(self.location))
        if self._meaning is not None:
            self._notes += (f"{self.location}: {self._meaning.text}; {AS_STORED}",) if self._meaning.text else ()
            decoded = True
        # If the option is given and there is nothing to decode, it has no effect.
        recorded = {} if decoded is None or (decoded and self._meaning is None) else {MASK_AND_SCALE.name: decoded}
        stored_samples = shape[self._axis]
        self._choice = choose(options, lambda: stored_samples)
        self._samples = self._choice.samples
        self.sample_bytes = math.prod(shape) * dataset.dtype.itemsize // stored_samples
        self.nbytes = self._samples * self.sample_bytes
        chunk_samples = None if dataset.chunks is None else dataset.chunks[self._axis]
        self._growth = options.get(GROWTH) or 1
        self._span_samples = count_span_samples(chunk_samples, self.sample_bytes * self._growth)
        self._reader = DatasetReader(self.location, dataset, self._axis, self._span_samples)
        self._others = open_beside(file, self.path, options, dataset, letters, self._span_samples)
        self._notes += self._others.notes
        self.spec = Spec(
            kind="hdf5",
            axes="N" + letters.replace("N", ""),
            sample_shape=shape[: self._axis] + shape[self._axis + 1 :],
            dtype=stored if self._meaning is None else self._meaning.dtype,
            samples=self._samples,
            limit=self._choice.asked,
            shard=options.get(SHARD),
            decoding={"dataset": name} | ({"layout": layout} if layout else {}) | recorded | self._others.names,
            packing=None if self._meaning is None else self._meaning.packing,
        )

    @property
    def scattered(self) -> bool:
        """Whether the samples were drawn from all over the dataset, so that they do not follow one another."""
        return self._choice.indices is not None

    @property
    def first(self) -> int:
        """The index in the dataset of the first sample that is read, if the samples follow one another."""
        return self._choice.start

    @property
    def total(self) -> int:
        """The number of samples in all shards together."""
        return self._choice.total

    def spans(self) -> Iterator[Span]:
        """Yields the addresses of all samples in order, each a SampleRange along the sample axis of about BLOCK_BYTES.

        Spans end where chunks end, unless chunks are too large for that.
        """
        for reader in (self._reader, *self._others.readers):
            reader.prepare()
        yield from cut_ranges(self._choice, self._span_samples, self.sample_bytes, self._growth)

    def read(self, span: Span) -> Block:
        """Returns the samples of a span: values (n, *sample_shape) of `spec.dtype`, C-contiguous and writable.

        Safe to call from several threads at once. Raises DataError if the file changed or is damaged there, UsageError
        if the dataset now leads to another file.
        """
        address: SampleRange = span.address
        values = address.pick(self._reader.read(address.start, address.stop).view(self.spec.dtype))
        return self._others.beside.make_block(span, values)

    def tally(self, spans: Sequence[Span]) -> None:
        """Returns None: counting values is not faster than reading them. Safe to call from several threads at once."""

    def facts(self) -> Facts:
        """Returns the file's size, the shape of a sample, how the dataset is stored, and what else the file holds.

        Opens the file once more for that. Raises DataError if it cannot be read.
        """
        with limited(self.path), open_file(self.path) as file:
            try:
                dataset = self.location.open_dataset(file)
                kept = list_others(file, dataset)
                described = describe_dataset(file, dataset, kept)
            except H5PY_ERRORS as error:
                raise DataError(f"cannot be read: {explain_error(error)}", where=str(self.location)) from error
        layout = self.spec.decoding.get("layout", "not clear")
        return Facts(
            nbytes=os.path.getsize(self.path),
            shapes={"x".join(map(str, self.spec.sample_shape)) or "scalar": self._samples},
            types={self.spec.real_dtype.name: self._samples},
            others={
                "dataset": format_name(self.location.name),
                "layout": layout,
                **described,
                **self._describe_meaning(),
            },
            notes=self._notes,
            kept=tuple(format_name(name) for name, _ in kept),
        )

    def _describe_meaning(self) -> dict[str, str]:
        """Returns how the values are stored, if they stand for others."""
        if self._meaning is None or not self._meaning.text:
            return {}
        return {"stored as": f"{self.spec.dtype}: {self._meaning.text}"}

    def check_output(self, output: str, format: str | None) -> None:
        """Raises UsageError for an output that is not named as an HDF5 file,
        and for a dataset in a group of another file."""
        from zm_cli.formats.hdf5.sink import check_name

        check_name(self, output)

    def create_sink(self, output: str, options: WriteOptions) -> Sink:
        """Returns the sink that writes the whole file again, with this dataset transformed.

        Raises UsageError if `output` exists and is not a regular file, DataError if the input cannot be copied or the
        file system refuses.
        """
        from zm_cli.formats.hdf5.sink import Hdf5Sink

        return Hdf5Sink(self, output, options)

    def close(self) -> None:
        """Closes the file; the next read opens it again."""
        for reader in (self._reader, *self._others.readers):
            reader.close()


def count_span_samples(chunk_samples: int | None, sample_bytes: int) -> int:
    """Returns how many samples a span has, for chunks of `chunk_samples` along the sample axis (None: no chunks)."""
    samples = max(1, blocks.BLOCK_BYTES // sample_bytes)
    if chunk_samples is None:
        return samples
    if chunk_samples <= samples:
        return samples - samples % chunk_samples
    return chunk_samples if chunk_samples * sample_bytes <= MAX_STRETCH * blocks.BLOCK_BYTES else samples
