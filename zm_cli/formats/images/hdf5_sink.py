"""Writing transformed images as one HDF5 file: `images` (N,H,W,C), `labels`, `files` and the class names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError
from zm_cli.formats.images.source import ImageSource, find_classes
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_file import Device

_CHUNK_BYTES = 1 << 20
_SIZES_TOLD = 6

Encoded = tuple[NDArray[Any], tuple[str, ...]]


class HDF5Sink:
    """One file with a sample for each image, in their order.

    `images` has the dtype asked for, chunks of whole samples and the dimension labels N, H, W, C; its attribute `zm` is
    the receipt as JSON. With class folders, `labels` (int64) holds the index into the root attribute `classes`, -1 for
    images outside of any. `files` holds the relative paths. Raises DataError where the images differ in size.
    """

    def __init__(self, source: ImageSource, output: str, options: WriteOptions) -> None:
        import h5py

        shape = one_shape(source)
        samples = source.spec.samples or 0
        self.notes: list[str] = []
        self._names: list[str] = []
        self._dtype = options.dtype
        self._file: Any = None
        self._draft = Draft(Path(output))
        self._device = Device(self._draft)
        with self._library_calls():
            # The oldest layout that has no limit of 64 KiB on an attribute: data may have thousands of classes.
            self._file = h5py.File(self._draft.path, "w", driver="fileobj", fileobj=self._device, libver="v108")
            sample_bytes = int(np.prod(shape)) * options.dtype.itemsize
            rows = max(1, min(samples, _CHUNK_BYTES // sample_bytes))
            self._images = self._file.create_dataset(
                "images",
                shape=(samples, *shape),
                maxshape=(samples, *shape),
                chunks=(rows, *shape),
                dtype=options.dtype,
                # Written out, so that the unused end of the last chunk is zero and not what memory held.
                fillvalue=0,
                track_times=False,
            )
            for axis, letter in enumerate("NHWC"):
                self._images.dims[axis].label = letter
            self._images.attrs["zm"] = json.dumps(dict(options.receipt), sort_keys=True)

    def encode(self, block: Block) -> Encoded:
        """The values in the output's dtype, with the paths they came from."""
        return np.ascontiguousarray(block.values, self._dtype), block.carried

    def write(self, encoded: Encoded) -> None:
        """Appends the samples; raises DataError where the file system refuses."""
        values, names = encoded
        at = len(self._names)
        with self._library_calls():
            if len(values):
                self._images[at : at + len(values)] = values
        self._names += names

    def commit(self) -> None:
        """Adds labels, files and classes, cuts off the room of skipped samples, and gives the file its name."""
        import h5py

        text = h5py.string_dtype()
        with self._library_calls():
            if len(self._names) < self._images.shape[0]:
                self._images.resize(len(self._names), axis=0)
            # Names that are no UTF-8 cannot be stored as they are; they stay readable and distinct.
            files = [name.encode("utf-8", "backslashreplace") for name in self._names]
            self._file.create_dataset("files", data=np.array(files, object), dtype=text, track_times=False)
            # Of what was written: a class may have lost all of its images to --on-error skip.
            if found := find_classes(self._names):
                index = {name: label for label, name in enumerate(found)}
                labels = [index[name.split("/", 1)[0]] if "/" in name else -1 for name in self._names]
                self._file.create_dataset("labels", data=np.array(labels, np.int64), track_times=False)
                classes = [name.encode("utf-8", "backslashreplace") for name in found]
                self._file.attrs.create("classes", np.array(classes, object), dtype=text)
            self._file.close()
        self._device.close()
        self._draft.commit()

    def discard(self) -> None:
        """Removes what was written."""
        self._device.abandon()
        if self._file is not None:
            self._file.close()
        self._device.close()
        self._draft.discard()

    @contextmanager
    def _library_calls(self) -> Iterator[None]:
        """Runs calls of the library; where they fail, all is discarded, and a failed write is told as that."""
        try:
            try:
                yield
            except (OSError, RuntimeError, ValueError) as error:
                self._device.check()
                raise DataError(f"cannot be written: {error}", where=str(self._draft.target)) from error
            self._device.check()
        except BaseException:
            self.discard()
            raise


def one_shape(source: ImageSource) -> tuple[int, ...]:
    """The shape (H,W,C) of every image; DataError, listing the sizes with counts, where there are several."""
    shape = tuple(size for size in source.spec.sample_shape if size is not None)
    if len(shape) == 3:
        return shape
    sizes = sorted(source.facts().shapes.items(), key=lambda entry: -entry[1])
    listed = ", ".join(f"{size} ({count})" for size, count in sizes[:_SIZES_TOLD])
    more = f" and {len(sizes) - _SIZES_TOLD} more" if len(sizes) > _SIZES_TOLD else ""
    raise DataError(
        f"one dataset needs one size, here are {len(sizes)}: {listed}{more}",
        where=source.path,
        hint=f"--resize {sizes[0][0]} makes them one; an output folder keeps each size",
    )
