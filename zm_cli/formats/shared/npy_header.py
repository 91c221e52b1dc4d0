"""Reads the header of a `.npy` file strictly: only of plain arrays, and without evaluating anything in it as Python.

The format is that of NumPy Enhancement Proposal 1. The header is the text of a Python dictionary, which NumPy's own
reader evaluates.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

NUMBERS = "biufc"
"""The kinds of dtypes that are numbers, as in `numpy.dtype.kind`."""

MAX_HEADER_BYTES = 10_000
"""The limit of NumPy's own reader. The header of a plain array with as many axes as NumPy allows has
a fifth of this."""

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {b"\1\0": 2, b"\2\0": 4, b"\3\0": 4}
"""The size of the header's length in bytes, by format version."""
_PYTHON_2 = frozenset({b"\1\0", b"\2\0"})
"""The format versions that Python 2 wrote, in which a long integer ends in L."""

# All repetitions are possessive, so that the time to match is proportional to the length of the header.
_OPEN = re.compile(rb"[ \t]*+\{[ \t\n]*+")
_ENTRY = re.compile(
    rb"""
    (['"]) (?:
        descr \1 [ \t\n]*+ : [ \t\n]*+ (['"]) (?P<descr> [<>|=]? (?!a) [A-Za-z?] [A-Za-z0-9]*+ ) \2
        | fortran_order \1 [ \t\n]*+ : [ \t\n]*+ (?P<fortran_order> True | False )
        | shape \1 [ \t\n]*+ : [ \t\n]*+ (?P<shape>
            \( [ \t\n]*+ (?:
                (?: (?: 0 | [1-9][0-9]{0,18} ) L? [ \t\n]*+ , [ \t\n]*+ )++
                (?: (?: 0 | [1-9][0-9]{0,18} ) L? [ \t\n]*+ )?
            )? \)
        )
    )
    [ \t\n]*+ (?: , [ \t\n]*+ | (?=\}) )
    """,
    re.VERBOSE,
)
_CLOSE = re.compile(rb"\}[ \t]*+\n*+")


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """What the header of a `.npy` file says of the array in it."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool

    @property
    def nbytes(self) -> int:
        """The bytes of the array's data."""
        return math.prod(self.shape) * self.dtype.itemsize

    def as_array(self, data: bytes, offset: int = 0) -> NDArray[Any]:
        """Returns the array, of this shape and dtype, whose data begin at `offset` in `data`: read-only, not copied.

        Raises ValueError if `data` is too short, or if NumPy has no array of this shape.
        """
        if len(data) - offset < self.nbytes:
            raise ValueError("it is truncated")
        return np.ndarray(self.shape, self.dtype, data, offset, order="F" if self.fortran_order else "C")


def read_npy_header(stream: IO[bytes], kinds: str = NUMBERS) -> NpyHeader:
    """Returns the header of the `.npy` file in a buffered stream, which is left at the first byte of the array's data.

    Versions 1.0, 2.0 and 3.0 of the format are read. Raises ValueError for any other file, for a header that is damaged
    or larger than MAX_HEADER_BYTES, for structured arrays, and for dtypes whose kind is not in `kinds`.
    """
    start = stream.read(len(_MAGIC) + 2)
    magic, version = start[: len(_MAGIC)], start[len(_MAGIC) :]
    if magic != _MAGIC or len(version) < 2:
        raise ValueError("it is not a .npy file")
    if version not in _LENGTH_BYTES:
        raise ValueError(f"version {'.'.join(map(str, version))} of the .npy format is not known")
    length = int.from_bytes(_read(stream, _LENGTH_BYTES[version]), "little")
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"its header takes {length:,} bytes, more than {MAX_HEADER_BYTES:,}")
    header = _parse(_read(stream, length), version)
    if header is None:
        raise ValueError("its header does not describe a plain array")
    if header.dtype.kind not in kinds:
        raise ValueError(f"values of dtype {header.dtype} are not read")
    return header


def _read(stream: IO[bytes], nbytes: int) -> bytes:
    data = stream.read(nbytes)
    if len(data) < nbytes:
        raise ValueError("its header is truncated")
    return data


def _parse(text: bytes, version: bytes) -> NpyHeader | None:
    """Returns the header in the text of a dictionary; None if the text is not exactly one of a plain array."""
    opening = _OPEN.match(text)
    if opening is None:
        return None
    position = opening.end()
    entries: dict[str, bytes] = {}
    while entry := _ENTRY.match(text, position):
        entries |= {key: value for key, value in entry.groupdict().items() if value is not None}
        position = entry.end()
    if len(entries) < 3 or not _CLOSE.fullmatch(text, position):
        return None
    if b"L" in entries["shape"] and version not in _PYTHON_2:
        return None
    shape = tuple(map(int, re.findall(rb"[0-9]+", entries["shape"])))
    if max(shape, default=0) > sys.maxsize:
        return None
    try:
        dtype = np.dtype(entries["descr"].decode())
    except TypeError:
        return None
    return NpyHeader(dtype, shape, entries["fortran_order"] == b"True")
