"""The Source of a NumPy array: runs of samples, mapped from the file."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zm_cli.data import block as blocks
from zm_cli.data.block import Block, Span
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Facts
from zm_cli.data.spec import UNNAMED, Spec
from zm_cli.formats.npy.beside import open_beside
from zm_cli.formats.npy.choose import choose_array, describe_array, errors_explained, list_arrays, name_array, sign_file
from zm_cli.formats.npy.mapped import MappedArray
from zm_cli.formats.npy.receipts import find_receipt
from zm_cli.formats.shared.beside_shapes import list_named
from zm_cli.formats.shared.layout import guess_layout, parse_layout
from zm_cli.formats.shared.npy_header import NpyHeader
from zm_cli.formats.shared.options import DATASET, GROWTH, LAYOUT, SHARD
from zm_cli.formats.shared.sampling import SampleRange, choose, cut_ranges

_opening = threading.Lock()


class NpySource:
    """One array of a `.npy` file or an `.npz` archive, its sample axis moved to the front.

    `read` and `tally` may be called from several threads at once, the other methods only from the thread that opened
    the source. Raises UsageError if the file has no such array, or if the array cannot have the layout that was asked
    for; DataError if the file cannot be read.
    """

    one_pass = False
    overhead_bytes = 0
    forkable = True
    small_samples = False
    classes: tuple[str, ...] = ()

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        self.array = choose_array(path, options.get(DATASET), list_named(options).values())
        shape = self.header.shape
        asked = options.get(LAYOUT)
        layout = guess_layout(shape) if asked is None else parse_layout(asked, self.array.name or "the array", shape)
        letters = layout or "N" + UNNAMED[: len(shape) - 1]
        self.axis = letters.index("N")
        there = shape[self.axis]
        self._choice = choose(options, lambda: there)
        self._samples = self._choice.samples
        self._others = open_beside(path, self.array, letters, options)
        dtype = self.header.dtype.newbyteorder("=")
        self.spec = Spec(
            kind="npy",
            axes="N" + letters.replace("N", ""),
            sample_shape=shape[: self.axis] + shape[self.axis + 1 :],
            dtype=np.dtype(np.uint8) if dtype.kind == "b" else dtype,
            samples=self._samples,
            limit=self._choice.asked,
            shard=options.get(SHARD),
            decoding={"dataset": self.array.name or None, "layout": layout} | self._others.names,
        )
        self.sample_bytes = self.header.nbytes // there
        self.nbytes = self._samples * self.sample_bytes
        self._growth = options.get(GROWTH) or 1
        self.receipt: Mapping[str, Any] | None = find_receipt(path, self.array.name)
        self.signature = sign_file(path)
        self._mapped: MappedArray | None = None

    @property
    def total(self) -> int:
        """The number of samples in all shards together."""
        return self._choice.total

    @property
    def header(self) -> NpyHeader:
        """The dtype, shape and memory order of the array."""
        assert self.array.header is not None
        return self.array.header

    def spans(self) -> Iterator[Span]:
        """Yields the addresses of all samples in order, each a SampleRange of about BLOCK_BYTES."""
        step = max(1, blocks.BLOCK_BYTES // (self.sample_bytes * self._growth))
        return cut_ranges(self._choice, step, self.sample_bytes, self._growth)

    def read(self, span: Span) -> Block:
        """Returns the samples of a span: values (n, *sample_shape) of `spec.dtype`, C-contiguous.

        Safe to call from several threads at once. Raises DataError if the file is damaged or shorter than it was.
        """
        address: SampleRange = span.address
        with errors_explained(name_array(self.path, self.array.name)):
            values = address.pick(self._open().read(address.start, address.stop))
        return self._others.beside.make_block(span, values)

    def tally(self, spans: Sequence[Span]) -> None:
        """Returns None: counting values is not faster than reading them. Safe to call from several threads at once."""

    def facts(self) -> Facts:
        """Returns the file's size, the shape of a sample, and what else is in the file;
        raises DataError if it is damaged."""
        header = self.header
        others = {
            "dataset": self.array.name,
            "layout": self.spec.decoding["layout"] or "not clear",
            "memory order": "Fortran" if header.fortran_order else "",
            "compression": "deflate" if self.array.packed else "",
            "other arrays": ", ".join(
                f"{array.name} {describe_array(array)}"
                for array in list_arrays(self.path)
                if array.name != self.array.name
            ),
        }
        return Facts(
            nbytes=os.path.getsize(self.path),
            shapes={"x".join(map(str, self.spec.sample_shape)) or "scalar": self._samples},
            types={self.spec.dtype.name: self._samples},
            others={name: value for name, value in others.items() if value},
            kept=tuple(array.name for array in list_arrays(self.path) if array.name != self.array.name),
        )

    def check_output(self, output: str, format: str | None) -> None:
        """Raises UsageError for an output without the suffix of such a file."""
        from zm_cli.formats.npy.sink import check_name

        check_name(output, archive=bool(self.array.name))

    def create_sink(self, output: str, options: WriteOptions) -> Sink:
        """Returns the sink that writes the transformed array, and the other members of an archive as they are.

        Raises DataError if the file system refuses.
        """
        from zm_cli.formats.npy.sink import NpySink

        return NpySink(self, output, options)

    def close(self) -> None:
        """Closes the temporary files of packed arrays; the next read creates them again."""
        for reader in self._others.readers:
            reader.close()
        with _opening:
            if self._mapped is not None:
                self._mapped.close()
            self._mapped = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_mapped": None}

    def _open(self) -> MappedArray:
        with _opening:
            if self._mapped is None:
                self._mapped = MappedArray(self.path, self.array, self.axis)
            return self._mapped
