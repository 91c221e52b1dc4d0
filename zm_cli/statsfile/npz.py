"""Reads .npz stats files: the directory and each member's header are checked before any data are read; never pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from zm_cli.formats.shared.npy_header import NUMBERS, NpyHeader, read_npy_header
from zm_cli.statsfile.arrays import ExpectedArray
from zm_cli.statsfile.bounded_file import BoundedFile
from zm_cli.statsfile.json_text import HEADER_BYTES

HEADER = "header"
"""The member that holds, as JSON, every field that is not an array."""

UNPACKED_BYTES = 1 << 27
"""The most bytes of an unpacked member, which can be a thousand times its packed size. zm does not pack members."""

_DIRECTORY_BYTES = 1 << 17
_SUFFIX = ".npy"


class NpzStats:
    """An .npz stats file that is open for reading.

    Raises the errors of `zipfile`, and ValueError, if the file cannot be one.
    """

    def __init__(self, path: Path) -> None:
        self._file = BoundedFile(path, _DIRECTORY_BYTES)
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
        """Returns the JSON of all fields that are not arrays."""
        with self._open(HEADER) as stream:
            header = _read_header(stream, HEADER, "U")
            if header.shape or header.nbytes > 4 * HEADER_BYTES:
                raise ValueError("its header is not JSON text")
            text = header.as_array(self._read_data(stream, HEADER, header.nbytes))[()]
        return str(text).encode()

    def find_arrays(self, fields: Collection[str]) -> frozenset[str]:
        """Returns the fields that the file has as arrays."""
        members = self._archive.namelist()
        found = [field for field in fields if field + _SUFFIX in members]
        for field in (HEADER, *found):
            if members.count(field + _SUFFIX) > 1:
                raise ValueError(f"it has the member '{field}' twice")
        return frozenset(found)

    def take(self, expected: ExpectedArray) -> NDArray[Any]:
        """Returns the array of a field; DataError if it is not the expected one."""
        with self._open(expected.field) as stream:
            header = _read_header(stream, expected.field, NUMBERS)
            expected.check(header.dtype, header.shape)
            return header.as_array(self._read_data(stream, expected.field, header.nbytes))

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
        # Reading to the end makes zipfile compare the checksum.
        if len(data) < nbytes or stream.read(1):
            raise ValueError(f"'{field}' does not have as many bytes as its shape requires")
        return data


def _read_header(stream: IO[bytes], field: str, kinds: str) -> NpyHeader:
    """Returns the header of a member that must hold an array with one of these kinds of dtypes."""
    try:
        return read_npy_header(stream, kinds)
    except ValueError as error:
        raise ValueError(f"its member '{field}' cannot be read: {error}") from error
