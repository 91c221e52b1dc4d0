"""Writes transformed images as one HDF5 file: `images` (N,H,W,C), `labels`, `files` and the class names."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError
from zm_cli.formats.images.labels import Labels
from zm_cli.inputs.name_lists import list_few
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_file import OutputFile

if TYPE_CHECKING:
    from zm_cli.formats.images.source import ImageSource

_CHUNK_BYTES = 1 << 20
_MAX_SIZES_LISTED = 6

Encoded = tuple[NDArray[Any], tuple[str, ...]]


class Hdf5Sink:
    """Writes one HDF5 file that holds every image as a sample of one dataset, in the order of the source.

    `images` (N,H,W,C) has the output's dtype, chunks of whole samples and the dimension labels N, H, W, C; if images
    become vectors of features, its shape is (N,C). Its attribute `zm` is the receipt as JSON. `files` (N,) holds the
    relative paths. With class folders, `labels` (N,) int64 holds indices into the root attribute `classes`, -1 for
    images outside the class folders; the classes are those of the statistics.

    `encode` is safe to call from several threads at once; all other methods are called from one thread. Raises
    DataError if the images differ in size or have a class that the statistics do not name, or if the file cannot be
    created.
    """

    encodes_to = None

    def __init__(self, source: ImageSource, output: str, options: WriteOptions) -> None:
        import h5py

        shape = require_one_shape(source)
        axes = "NHWC"
        if options.features is not None:
            axes, shape = options.features.axes, tuple(size or 0 for size in options.features.sample_shape)
        self._labels = Labels.of_source(source, options)
        self.notes: list[str] = []
        self._paths: list[str] = []
        self._dtype = options.dtype
        self._file: Any = None
        self._draft = Draft(Path(output))
        self._output_file = OutputFile(self._draft)
        try:
            with self._output_file.library_calls("cannot be written"):
                # The oldest format without a limit of 64 KiB for an attribute: data may have thousands of classes.
                self._file = h5py.File(
                    self._draft.path, "w", driver="fileobj", fileobj=self._output_file, libver="v108"
                )
                self._images = self._create_images((source.spec.samples or 0, *shape), axes)
                self._images.attrs["zm"] = json.dumps(dict(options.receipt), sort_keys=True)
        except BaseException:
            self.discard()
            raise

    def _create_images(self, shape: tuple[int, ...], axes: str) -> Any:
        """Creates the dataset `images` of this shape, with a label for each of its axes."""
        samples, *sample_shape = shape
        sample_bytes = math.prod(sample_shape) * self._dtype.itemsize
        # A part of the data may have no samples, and a chunk cannot be longer than the dataset may become.
        chunks = (max(1, min(samples, _CHUNK_BYTES // sample_bytes)), *sample_shape) if samples else None
        images = self._file.create_dataset(
            "images",
            shape=shape,
            maxshape=shape,
            chunks=chunks,
            dtype=self._dtype,
            # Given explicitly, so that the unused end of the last chunk is zero and not what memory held.
            fillvalue=0,
            track_times=False,
        )
        for axis, letter in enumerate(axes):
            images.dims[axis].label = letter
        return images

    def __getstate__(self) -> dict[str, Any]:
        return {"_dtype": self._dtype}

    def encode(self, block: Block) -> Encoded:
        """Returns the values (n,H,W,C) or (n,C) in the output's dtype, and the relative paths of their files.
        Thread-safe."""
        return np.ascontiguousarray(block.values, self._dtype), block.carried

    def write(self, encoded: Encoded) -> None:
        """Appends the samples. Raises DataError if they cannot be written."""
        values, paths = encoded
        start = len(self._paths)
        with self._output_file.library_calls("cannot be written"):
            if len(values):
                self._images[start : start + len(values)] = values
        self._paths += paths

    def commit(self) -> None:
        """Adds `files`, `labels` and `classes`, trims `images` to the samples written, and gives the file its name.

        Raises DataError as `write`.
        """
        import h5py

        text = h5py.string_dtype()
        with self._output_file.library_calls("cannot be written"):
            if len(self._paths) < self._images.shape[0]:
                self._images.resize(len(self._paths), axis=0)
            # Paths that are not UTF-8 cannot be stored as they are. Escaped, they stay readable and distinct.
            files = [path.encode("utf-8", "backslashreplace") for path in self._paths]
            self._file.create_dataset("files", data=np.array(files, object), dtype=text, track_times=False)
            found, labels = self._labels.number(self._paths)
            if found:
                self._file.create_dataset("labels", data=np.array(labels, np.int64), track_times=False)
                classes = [name.encode("utf-8", "backslashreplace") for name in found]
                self._file.attrs.create("classes", np.array(classes, object), dtype=text)
            self._file.close()
        self._output_file.close()
        self._draft.commit()
        self.notes += self._labels.explain(self._paths)

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        self._output_file.abandon()
        if self._file is not None:
            self._file.close()
        self._output_file.close()
        self._draft.discard()


def require_one_shape(source: ImageSource) -> tuple[int, ...]:
    """Returns the shape (H,W,C) of every image; raises DataError, listing the sizes with counts,
    if there are several."""
    shape = tuple(size for size in source.spec.sample_shape if size is not None)
    if len(shape) == 3:
        return shape
    sizes = sorted(source.facts().shapes.items(), key=lambda entry: -entry[1])
    listed = list_few([f"{size} ({count})" for size, count in sizes], _MAX_SIZES_LISTED)
    raise DataError(
        f"one dataset needs one size, but the images have {len(sizes)}: {listed}",
        where=source.path,
        hint=f"--resize {sizes[0][0]} gives them one size; an output folder keeps each size",
    )
