"""Writing transformed images as array files: a folder that mirrors the source's paths, or one file."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.images.listing import RECEIPT
from zm_cli.formats.images.source import ImageSource
from zm_cli.outputs.draft import Draft

_SUFFIXES = {"npy": ".npy", "tiff": ".tiff"}

Encoded = list[tuple[str, memoryview]]


class TreeSink:
    """A folder with one array (H,W,C) for each image, under its relative path; `.tiff` of one channel is (H,W).

    The suffix is replaced: cat/a.png becomes cat/a.npy. Where two images would meet in one name, they keep theirs:
    a.png.npy, a.jpg.npy. The receipt is written as `zm.json` at the top.
    """

    def __init__(self, source: ImageSource, output: str, options: WriteOptions, form: str) -> None:
        self.notes: list[str] = []
        self._form = form
        self._dtype = options.dtype
        self._receipt = options.receipt
        self._whole_names = find_collisions(source.files, _SUFFIXES[form])
        self._folders: set[Path] = set()
        self._nbytes = 0
        self._draft = Draft(Path(output), folder=True)

    def encode(self, block: Block) -> Encoded:
        """The relative path and the bytes of each file of a block."""
        values = block.values.astype(self._dtype, copy=False)
        return [
            (self._name(path), encode_array(image, self._form))
            for path, image in zip(block.carried, values, strict=True)
        ]

    def write(self, encoded: Encoded) -> None:
        """Writes the files; raises DataError where the file system refuses."""
        for name, data in encoded:
            place = self._draft.path / name
            try:
                if place.parent not in self._folders:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    self._folders.add(place.parent)
                self._nbytes += place.write_bytes(data)
            except OSError as error:
                raise DataError(f"cannot be written: {error.strerror}", where=str(self._draft.target / name)) from error

    def commit(self) -> None:
        """Adds the receipt and gives the folder its name, replacing one that zm wrote."""
        receipt = {**self._receipt, "files": digest_names(self._draft.path), "bytes": self._nbytes}
        text = json.dumps(receipt, sort_keys=True, indent=1) + "\n"
        self.write([(RECEIPT, memoryview(text.encode()))])
        self._draft.commit()

    def discard(self) -> None:
        """Removes what was written."""
        self._draft.discard()

    def _name(self, path: str) -> str:
        return (path if path in self._whole_names else _strip(path)) + _SUFFIXES[self._form]


class FileSink:
    """One array file for a source of one image; UsageError where the run is to be recorded with it."""

    def __init__(self, output: str, options: WriteOptions, form: str) -> None:
        if "made" in options.receipt:
            raise UsageError("one array file has no place for it", where="--if-changed", hint="name a folder, or a .h5")
        self.notes: list[str] = []
        self._form = form
        self._dtype = options.dtype
        self._draft = Draft(Path(output))

    def encode(self, block: Block) -> list[memoryview]:
        """The bytes of the file, in a list that is empty where the image was skipped."""
        return [encode_array(image, self._form) for image in block.values.astype(self._dtype, copy=False)]

    def write(self, encoded: Sequence[memoryview]) -> None:
        """Writes the file; raises DataError where the file system refuses."""
        try:
            for data in encoded:
                self._draft.path.write_bytes(data)
        except OSError as error:
            raise DataError(f"cannot be written: {error.strerror}", where=str(self._draft.target)) from error

    def commit(self) -> None:
        """Gives the file its name."""
        self._draft.commit()

    def discard(self) -> None:
        """Removes what was written."""
        self._draft.discard()


def digest_names(folder: str | Path) -> str:
    """A hash of the names of all files under a folder, the receipt's left out: it tells whether others were added."""
    import xxhash

    names = (
        os.path.relpath(os.path.join(place, file), folder) for place, _, files in os.walk(folder) for file in files
    )
    listed = sorted(os.fsencode(name) for name in names if name != RECEIPT)
    return xxhash.xxh3_128(b"\0".join(listed)).hexdigest()


def sum_sizes(folder: str | Path) -> int:
    """The bytes of all files under a folder, the receipt's left out."""
    files = (os.path.join(place, file) for place, _, files in os.walk(folder) for file in files)
    return sum(os.path.getsize(file) for file in files if os.path.relpath(file, folder) != RECEIPT)


def find_collisions(paths: Sequence[str], suffix: str) -> frozenset[str]:
    """The paths that must keep their own suffix, because without it two of them, or one and a folder, would meet."""
    folders = {path.rpartition("/")[0] for path in paths}
    whole = {path for path in paths if _strip(path) + suffix in folders}
    short = [path for path in paths if _strip(path) != path]
    while True:
        taken = Counter(path if path in whole else _strip(path) for path in paths)
        meeting = {path for path in short if path not in whole and taken[_strip(path)] > 1}
        if not meeting:
            return frozenset(whole)
        whole |= meeting


def encode_array(image: NDArray[Any], form: str) -> memoryview:
    """The bytes of an image (H,W,C) as `npy` or `tiff`; the same array gives the same bytes."""
    stream = io.BytesIO()
    if form == "npy":
        np.lib.format.write_array(stream, image, version=(1, 0), allow_pickle=False)
        return stream.getbuffer()
    import tifffile

    # No metadata and no software tag: nothing that another run or release would write differently.
    single = image.shape[-1] == 1
    tifffile.imwrite(
        stream,
        image[..., 0] if single else image,
        photometric="minisblack",
        planarconfig=None if single else "contig",
        metadata=None,
        software=False,
    )
    return stream.getbuffer()


def _strip(path: str) -> str:
    """The path without the suffix of its file name; a name that is only a suffix stays."""
    folder, slash, name = path.rpartition("/")
    stem, ext = os.path.splitext(name)
    return folder + slash + (stem if ext else name)
