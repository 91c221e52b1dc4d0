"""Stats files of NumPy's: the directory and each member's header are looked at before any data; never pickle."""

from __future__ import annotations

import io
import math
import os
import re
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.statsfile.json_text import HEADER_BYTES
from zm_cli.statsfile.reader import check_array

HEADER = "header"
"""The member that holds, as JSON, every field that is no array."""

UNPACKED_BYTES = 1 << 27
"""What a deflated member may unpack to: a thousand times what it takes in the file. Members that zm writes are not."""

_DIRECTORY_BYTES = 1 << 17
_SUFFIX = ".npy"
_ENTRY = re.compile(
    r"""['"](\w++)['"]\s*+:\s*+('[^']*+'|"[^"]*+"|True|False|\((?:\d{1,18}+L?(?:,\s*+|(?=\))))*+\))\s*+,?\s*+"""
)
_DESCR = re.compile(r"[<>|=]?[A-Za-z?]\d{0,9}")
_HEAD = re.compile(r"\{\s*+(?:" + _ENTRY.pattern + r"){3}\}\s*+")
"""The header of an array of plain numbers: three entries of a Python dictionary, in any order."""


class _Careful(io.FileIO):
    """A file that does not read more than `most` bytes at once, however many its directory claims to have."""

    most = _DIRECTORY_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > self.most:
            raise zipfile.BadZipFile("its directory is too large")
        return super().read(wanted) or b""


class NpzStats:
    """An .npz stats file that is open for reading.

    Raises what `zipfile` raises, and ValueError, for a file that cannot be one.
    """

    def __init__(self, place: Path) -> None:
        self._where = str(place)
        self._file = _Careful(place)
        try:
            self._archive = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> NpzStats:
        return self

    def __exit__(self, *reason: object) -> None:
        self._archive.close()
        self._file.close()

    def read_header(self) -> bytes:
        """The JSON of all fields that are no arrays."""
        with self._open(HEADER) as stream:
            dtype, shape, _ = _read_head(stream)
            if dtype.kind != "U" or shape or dtype.itemsize > 4 * HEADER_BYTES:
                raise ValueError("its header is no text of JSON")
            text = np.frombuffer(self._read_data(stream, HEADER, dtype.itemsize), dtype)[0]
        return str(text).encode()

    def list_arrays(self) -> frozenset[str]:
        """The names of all members besides the header."""
        names = [member.removesuffix(_SUFFIX) for member in self._archive.namelist()]
        for name, member in zip(names, self._archive.namelist(), strict=True):
            if name == member or names.count(name) > 1:
                raise ValueError(f"its member {member[:50]!r} is no array, or there twice")
        return frozenset(names) - {HEADER}

    def take(self, field: str, features: tuple[int, ...]) -> NDArray[Any]:
        """The array of a field; DataError where it has not the shape of the features or holds no numbers."""
        with self._open(field) as stream:
            dtype, shape, fortran = _read_head(stream)
            check_array(field, dtype, shape, features, self._where)
            flat = np.frombuffer(self._read_data(stream, field, math.prod(shape) * dtype.itemsize), dtype)
        return flat.reshape(shape, order="F" if fortran else "C")

    def _open(self, field: str) -> IO[bytes]:
        member = self._archive.getinfo(field + _SUFFIX)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"'{field}' is packed in a way that NumPy does not write")
        return self._archive.open(member)

    def _read_data(self, stream: IO[bytes], field: str, nbytes: int) -> bytes:
        packed = self._archive.getinfo(field + _SUFFIX).compress_type != zipfile.ZIP_STORED
        if packed and nbytes > UNPACKED_BYTES:
            raise ValueError(f"'{field}' unpacks to more than {UNPACKED_BYTES >> 20} MB")
        self._file.most = max(nbytes, _DIRECTORY_BYTES)
        data = stream.read(nbytes)
        # To its end, where the checksum is compared.
        if len(data) < nbytes or stream.read(1):
            raise ValueError(f"'{field}' has not as many bytes as its shape says")
        return data


def _read_head(stream: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    """Dtype, shape and whether the first axis comes first, of a member in NumPy's format.

    Taken apart here, not by NumPy: its reader evaluates the header as Python.
    """
    start = stream.read(10)
    if start[:8] != b"\x93NUMPY\1\0":
        # Other versions have headers of any length, for types that are no numbers.
        raise ValueError("it holds something else than arrays in NumPy's format 1.0")
    text = stream.read(int.from_bytes(start[8:], "little")).decode("latin-1")
    head = dict(_ENTRY.findall(text)) if _HEAD.fullmatch(text) else {}
    if head.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("it holds an array of something else than numbers")
    descr = head["descr"].strip("'\"")
    if not _DESCR.fullmatch(descr):
        raise ValueError("it holds an array of something else than numbers")
    dtype = np.dtype(descr)
    shape = tuple(int(length) for length in re.findall(r"\d+", head["shape"]))
    if dtype.hasobject:
        raise ValueError("it holds an array of something else than numbers")
    return dtype, shape, head["fortran_order"] == "True"
