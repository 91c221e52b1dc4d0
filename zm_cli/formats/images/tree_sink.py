"""Writing transformed images as array files: a folder with the source's relative paths, or one file."""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import Block
from zm_cli.data.sink import WriteOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.images.frames import SEPARATOR
from zm_cli.formats.images.listing import RECEIPT
from zm_cli.outputs.draft import Draft

if TYPE_CHECKING:
    from zm_cli.formats.images.source import ImageSource

_SUFFIXES = {"npy": ".npy", "tiff": ".tiff"}
_FRAME = re.compile(rf"(.+){SEPARATOR}(\d+)", re.DOTALL)
"""The name of a file and the number of its frame."""

Encoded = list[tuple[str, memoryview]]


class TreeSink:
    """Writes a folder with one array file for each image: (H,W,C), or (H,W) in a `.tiff` of one channel.

    Each file has the relative path of its image with another suffix: cat/a.png becomes cat/a.npy. Images that would get
    the same name keep their own suffixes as well: a.png.npy, a.jpg.npy. A frame has its number in its name: that of
    scan.tif#3 is scan_3.npy. The receipt is `zm.json` in the folder.

    `encode` is safe to call from several threads at once; all other methods are called from one thread.
    """

    def __init__(self, source: ImageSource, output: str, options: WriteOptions, format: str) -> None:
        self.notes: list[str] = []
        self._format = format
        self._dtype = options.dtype
        self._receipt = options.receipt
        files = source.files
        if len(set(files)) < len(files):
            twice = next(name for name, count in Counter(files).items() if count > 1)
            raise DataError(f"would have the same name as a frame of another file: {twice}", where=source.path)
        self._keep_suffix = find_collisions(files, _SUFFIXES[format])
        self._folders: set[Path] = set()
        self._nbytes = 0
        self._draft = Draft(Path(output), folder=True)

    def encode(self, block: Block) -> Encoded:
        """The relative path and the contents of the file of each image in a block. Thread-safe."""
        values = block.values.astype(self._dtype, copy=False)
        return [
            (self._name(path), encode_array(image, self._format))
            for path, image in zip(block.carried, values, strict=True)
        ]

    def write(self, encoded: Encoded) -> None:
        """Writes the files. Raises DataError where one cannot be written."""
        for name, data in encoded:
            path = self._draft.path / name
            try:
                if path.parent not in self._folders:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._folders.add(path.parent)
                self._nbytes += path.write_bytes(data)
            except OSError as error:
                raise DataError(f"cannot be written: {error.strerror}", where=str(self._draft.target / name)) from error

    def commit(self) -> None:
        """Adds the receipt and gives the folder its name, replacing one that zm wrote. Raises DataError as `write`."""
        receipt = {**self._receipt, "files": digest_names(self._draft.path), "bytes": self._nbytes}
        text = json.dumps(receipt, sort_keys=True, indent=1) + "\n"
        self.write([(RECEIPT, memoryview(text.encode()))])
        self._draft.commit()

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        self._draft.discard()

    def _name(self, path: str) -> str:
        return (path if path in self._keep_suffix else _strip(path)) + _SUFFIXES[self._format]


class FileSink:
    """Writes the one image of a source as one array file: (H,W,C), or (H,W) in a `.tiff` of one channel.

    `encode` is safe to call from several threads at once; all other methods are called from one thread. Raises
    UsageError where provenance is to be recorded, which such a file cannot hold.
    """

    def __init__(self, output: str, options: WriteOptions, format: str) -> None:
        if "provenance" in options.receipt:
            raise UsageError("one array file cannot record it", where="--if-changed", hint="name a folder, or a .h5")
        self.notes: list[str] = []
        self._format = format
        self._dtype = options.dtype
        self._draft = Draft(Path(output))

    def encode(self, block: Block) -> list[memoryview]:
        """The contents of the file, in a list that is empty where the image was skipped. Thread-safe."""
        return [encode_array(image, self._format) for image in block.values.astype(self._dtype, copy=False)]

    def write(self, encoded: Sequence[memoryview]) -> None:
        """Writes the file. Raises DataError where it cannot be written."""
        try:
            for data in encoded:
                self._draft.path.write_bytes(data)
        except OSError as error:
            raise DataError(f"cannot be written: {error.strerror}", where=str(self._draft.target)) from error

    def commit(self) -> None:
        """Gives the file its name; DataError where the file system refuses."""
        self._draft.commit()

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        self._draft.discard()


def digest_names(folder: str | Path) -> str:
    """A hash of the relative paths of all files in a folder but the receipt, to detect added and removed files."""
    import xxhash

    paths = sorted(os.fsencode(path) for path in _list_outputs(folder))
    return xxhash.xxh3_128(b"\0".join(paths)).hexdigest()


def sum_sizes(folder: str | Path) -> int:
    """The size in bytes of all files in a folder but the receipt."""
    return sum(os.path.getsize(os.path.join(folder, path)) for path in _list_outputs(folder))


def _list_outputs(folder: str | Path) -> Iterator[str]:
    """The relative paths of all files in a folder but the receipt, with `/` on every system."""
    for parent, _, files in os.walk(folder):
        for file in files:
            path = os.path.relpath(os.path.join(parent, file), folder).replace(os.sep, "/")
            if path != RECEIPT:
                yield path


def find_collisions(paths: Sequence[str], suffix: str) -> frozenset[str]:
    """The relative paths that must keep their own suffix before `suffix` is added.

    Without it, two of them would get the same name, or one the name of a folder.
    """
    folders = {path.rpartition("/")[0] for path in paths}
    kept = {path for path in paths if _strip(path) + suffix in folders}
    with_suffix = [path for path in paths if _strip(path) != path]
    while True:
        names = Counter(path if path in kept else _strip(path) for path in paths)
        colliding = {path for path in with_suffix if path not in kept and names[_strip(path)] > 1}
        if not colliding:
            return frozenset(kept)
        kept |= colliding


def encode_array(image: NDArray[Any], format: str) -> memoryview:
    """The contents of the file of an image (H,W,C) as `npy` or `tiff`; the same array gives the same bytes."""
    stream = io.BytesIO()
    if format == "npy":
        np.lib.format.write_array(stream, image, version=(1, 0), allow_pickle=False)
        return stream.getbuffer()
    import tifffile

    # No metadata and no software tag, which another version of tifffile might write differently.
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
    """The path without the suffix of its file name; unchanged where the name has no suffix, or is only a suffix.

    The number of a frame stays: that of scan.tif#3 is scan_3.
    """
    folder, slash, name = path.rpartition("/")
    frame = _FRAME.fullmatch(name)
    stem = os.path.splitext(frame[1] if frame else name)[0]
    return folder + slash + (f"{stem}_{frame[2]}" if frame else stem)
