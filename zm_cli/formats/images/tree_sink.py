"""Writes transformed images as array files: a folder with the source's relative paths, or one file."""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
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

_CREATE = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags to write a file that may exist already, because another worker writes the same one."""

Encoded = list[tuple[str, int]]
"""The relative path and the bytes of each file that was written."""


class TreeSink:
    """Writes a folder with one array file for each image: (H,W,C), or (H,W) in a `.tiff` of one channel.

    Each file has the relative path of its image with another suffix: cat/a.png becomes cat/a.npy. Images that would get
    the same name keep their own suffixes as well: a.png.npy, a.jpg.npy. A frame has its number in its name: that of
    scan.tif#3 is scan_3.npy. The receipt is `zm.json` in the folder.

    The files are written by `encode`, wherever it is called. It is safe to call from several threads at once; all other
    methods are called from one thread.
    """

    def __init__(self, source: ImageSource, output: str, options: WriteOptions, format: str) -> None:
        self.notes: list[str] = []
        self._format = format
        self._dtype = options.dtype
        self._receipt = options.receipt
        # Names depend on the files of all shards, so that a shard has the names that the whole would have.
        files = source.possible_files
        if len(set(files)) < len(files):
            twice = next(name for name, count in Counter(files).items() if count > 1)
            raise DataError(f"would have the same name as a frame of another file: {twice}", where=source.path)
        self._keep_suffix = find_collisions(files, _SUFFIXES[format])
        if self._keep_suffix and source.is_alone:
            self._keep_suffix = find_collisions(source.read_all_files(), _SUFFIXES[format])
        self._count = self._nbytes = 0
        self._draft = Draft(Path(output), folder=True)
        self._folder, self._target = self._draft.path, self._draft.target

    @property
    def encodes_to(self) -> str:
        """The draft of the folder."""
        return str(self._folder)

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("_format", "_dtype", "_keep_suffix", "_folder", "_target")}

    def encode(self, block: Block) -> Encoded:
        """Writes the file of each image in a block. Thread-safe. Raises DataError if a file cannot be written."""
        values = block.values.astype(self._dtype, copy=False)
        return [
            self._write_file(self._name(path), encode_array(image, self._format))
            for path, image in zip(block.carried, values, strict=True)
        ]

    def _write_file(self, name: str, data: memoryview) -> tuple[str, int]:
        """Writes a file below the folder; returns its name and size. Raises DataError as `encode` does."""
        try:
            self._make_folders(name.rpartition("/")[0])
            # The file is not emptied first: another worker, which only seemed to have died, may just have completed it.
            with open(os.open(self._folder / name, _CREATE, 0o666), "wb", 0) as file:
                rest = data
                while rest:
                    rest = rest[file.write(rest) :]
        except OSError as error:
            raise DataError(f"cannot be written: {error.strerror}", where=str(self._target / name)) from error
        return name, len(data)

    def _make_folders(self, name: str) -> None:
        """Makes a folder below the draft, and the folders above it; but never the draft, which may be gone by now."""
        if not name or (self._folder / name).is_dir():
            return
        self._make_folders(name.rpartition("/")[0])
        with suppress(FileExistsError):
            (self._folder / name).mkdir()

    def write(self, encoded: Encoded) -> None:
        """Counts the files that were written."""
        self._count += len(encoded)
        self._nbytes += sum(nbytes for _, nbytes in encoded)

    def commit(self) -> None:
        """Adds the receipt and gives the folder its name, replacing one that zm wrote.

        Raises DataError as `encode` does, and if a file that a worker wrote is not in the folder.
        """
        found = list(list_outputs(self._folder))
        if len(found) != self._count:
            raise DataError(
                f"{self._count:,} files were written, {len(found):,} are there",
                where=str(self._target),
                hint="do all workers write to the same file system?",
            )
        receipt = {**self._receipt, "files": _digest_paths(found), "bytes": self._nbytes}
        self._write_file(RECEIPT, memoryview((json.dumps(receipt, sort_keys=True, indent=1) + "\n").encode()))
        self._draft.commit()

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        self._draft.discard()

    def _name(self, path: str) -> str:
        return (path if path in self._keep_suffix else _strip(path)) + _SUFFIXES[self._format]


class FileSink:
    """Writes the one image of a source as one array file: (H,W,C), or (H,W) in a `.tiff` of one channel.

    `encode` is safe to call from several threads at once; all other methods are called from one thread. Raises
    UsageError if provenance is to be recorded, which such a file cannot hold.
    """

    encodes_to = None

    def __init__(self, output: str, options: WriteOptions, format: str) -> None:
        if "provenance" in options.receipt:
            raise UsageError("one array file cannot record it", where="--if-changed", hint="name a folder, or a .h5")
        self.notes: list[str] = []
        self._format = format
        self._dtype = options.dtype
        self._draft = Draft(Path(output))

    def __getstate__(self) -> dict[str, Any]:
        return {"_dtype": self._dtype, "_format": self._format}

    def encode(self, block: Block) -> list[bytes]:
        """Returns the contents of the file, in a list that is empty if the image was skipped. Thread-safe."""
        return [bytes(encode_array(image, self._format)) for image in block.values.astype(self._dtype, copy=False)]

    def write(self, encoded: Sequence[bytes]) -> None:
        """Writes the file. Raises DataError if it cannot be written."""
        try:
            for data in encoded:
                self._draft.path.write_bytes(data)
        except OSError as error:
            raise DataError(f"cannot be written: {error.strerror}", where=str(self._draft.target)) from error

    def commit(self) -> None:
        """Gives the file its name; raises DataError if the file system refuses."""
        self._draft.commit()

    def discard(self) -> None:
        """Removes what was written; does nothing after `commit`."""
        self._draft.discard()


def digest_names(folder: str | Path) -> str:
    """Returns a hash of the relative paths of all files in a folder except the receipt,
    to detect added and removed files."""
    return _digest_paths(list_outputs(folder))


def _digest_paths(paths: Iterable[str]) -> str:
    import xxhash

    return xxhash.xxh3_128(b"\0".join(sorted(map(os.fsencode, paths)))).hexdigest()


def sum_sizes(folder: str | Path) -> int:
    """Returns the total size in bytes of all files in a folder except the receipt."""
    return sum(os.path.getsize(os.path.join(folder, path)) for path in list_outputs(folder))


def list_outputs(folder: str | Path) -> Iterator[str]:
    """Yields the relative paths of all files in a folder except the receipt, with `/` on every system."""
    for parent, _, files in os.walk(folder):
        for file in files:
            path = os.path.relpath(os.path.join(parent, file), folder).replace(os.sep, "/")
            if path != RECEIPT:
                yield path


def find_collisions(paths: Sequence[str], suffix: str) -> frozenset[str]:
    """Returns the relative paths that must keep their own suffix before `suffix` is added.

    Without it, two files would get the same name, or one would get the name of a folder.
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
    """Returns the contents of the file of an image (H,W,C) as `npy` or `tiff`; the same array gives the same bytes."""
    stream = io.BytesIO()
    if format == "npy":
        np.lib.format.write_array(stream, image, version=(1, 0), allow_pickle=False)
        return stream.getbuffer()
    import tifffile

    # Without metadata and software tag, which another version of tifffile might write differently.
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
    """Returns the path without the suffix of its file name; unchanged if the name has no suffix, or is only a suffix.

    The number of a frame stays: that of scan.tif#3 is scan_3.
    """
    folder, slash, name = path.rpartition("/")
    frame = _FRAME.fullmatch(name)
    stem = os.path.splitext(frame[1] if frame else name)[0]
    return folder + slash + (f"{stem}_{frame[2]}" if frame else stem)
