"""Lists the arrays of a file, and chooses the one to read: the one that the user named, or the only suitable one."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from zm_cli.errors import DataError, NothingToMeasureError, UsageError, escape_controls
from zm_cli.formats.shared.examples import LISTED, advise_example, choose_example
from zm_cli.formats.shared.npy_header import NUMBERS, NpyHeader, read_npy_header
from zm_cli.inputs.name_lists import list_few
from zm_cli.suggest import find_near

ERRORS = (OSError, ValueError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error)
"""The errors that the libraries raise for files that are damaged, or compressed in a way that they cannot read."""

ZIP = b"PK\x03\x04"
SUFFIX = ".npy"
MAX_RANK = 5
MAX_RATIO = 1100
"""Deflated data can unpack to at most a little less than this many times their size."""
SPARSE = (("indices", "indptr"), ("row", "col"), ("offsets",))
"""The arrays that SciPy saves for a sparse matrix, besides `data`, `shape` and `format`."""

_LOCAL_HEADER = struct.Struct("<4s22xHH")


@dataclass(frozen=True)
class StoredArray:
    """An array, as its file describes it.

    `name` is that of the member of an archive, empty in a `.npy` file. `header` is None if the member is not an array
    of numbers. `offset` is where the data begin: in the file, or where they are `packed` in the unpacked member.
    """

    name: str
    header: NpyHeader | None
    offset: int = 0
    packed: bool = False


def list_arrays(path: str, kinds: str = NUMBERS) -> list[StoredArray]:
    """Returns the arrays of the file at `path`, in their order; raises DataError if it cannot be read as a NumPy file.

    Arrays of dtypes whose kind is not in `kinds` have no header.
    """
    with errors_explained(path), open(path, "rb") as stream:
        archive = stream.read(len(ZIP)) == ZIP
        stream.seek(0)
        if archive:
            return list(_list_members(stream, kinds))
        header = read_npy_header(stream, kinds)
        _check_size(header, os.fstat(stream.fileno()).st_size - stream.tell())
        return [StoredArray("", header, stream.tell())]


def choose_array(path: str, asked: str | None, beside: Collection[str] = ()) -> StoredArray:
    """Returns the array that is `asked` for by name; without a name, the only suitable one whose name is not in
    `beside`.

    Raises UsageError if no array has that name or several are suitable, DataError if the array does not hold numbers,
    does not have 1 to 5 axes, or is empty.
    """
    found = list_arrays(path)
    if asked is not None:
        chosen = find_named(path, asked, found)
    else:
        likely = find_candidates([array for array in found if not array.name or array.name not in beside])
        if is_sparse(found):
            raise NothingToMeasureError("holds a sparse matrix, not an array", where=path, hint="save it as a full one")
        if not likely and len(found) != 1:
            raise NothingToMeasureError(
                f"has no array of numbers with 1 to {MAX_RANK} axes", where=path, hint=_describe_few(found)
            )
        if len(likely) > 1:
            raise UsageError(
                f"which array is meant? There are {_describe_few(sort_candidates(likely))}",
                where=path,
                hint=advise_example(path, find_example(likely), len(likely)),
            )
        chosen = likely[0] if likely else found[0]
    _check_usable(chosen, name_array(path, chosen.name))
    return chosen


def find_candidates(found: list[StoredArray]) -> list[StoredArray]:
    """Returns the arrays that may be meant: those with several axes, or else with one."""
    if is_sparse(found):
        return []
    usable = [array for array in found if is_usable(array)]
    # As in HDF5 files: labels and weights beside the data have a single axis.
    return [array for array in usable if array.header and len(array.header.shape) > 1] or usable


def sort_candidates(candidates: list[StoredArray]) -> list[StoredArray]:
    """Returns the candidates, the likeliest first: large ones, and booleans last."""

    def find_rank(array: StoredArray) -> tuple[bool, int]:
        header = array.header
        return (True, 0) if header is None else (header.dtype.kind == "b", -header.nbytes)

    return sorted(candidates, key=find_rank)


def find_example(candidates: list[StoredArray]) -> str:
    """Returns the name of the candidate that is probably meant."""
    sizes = [array.header.nbytes if array.header else 0 for array in candidates]
    return choose_example([escape_controls(array.name) for array in candidates], sizes)


def is_sparse(found: list[StoredArray]) -> bool:
    """Returns whether the arrays of an archive are the parts of a sparse matrix."""
    names = {array.name for array in found}
    return names >= {"data", "shape", "format"} and any(names.issuperset(parts) for parts in SPARSE)


def name_array(path: str, name: str) -> str:
    """Returns an array as messages name it: its file, and its name where it has one."""
    return f"{path}: {escape_controls(name)}" if name else path


def sign_file(path: str) -> tuple[int, int, int]:
    """Returns the inode, size and time of change of the file at `path`, which show whether it is still the same."""
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def is_usable(array: StoredArray) -> bool:
    """Returns whether an array can be read as samples."""
    header = array.header
    return header is not None and is_number(header) and 1 <= len(header.shape) <= MAX_RANK and 0 not in header.shape


def describe_array(array: StoredArray) -> str:
    """Returns the shape and dtype of an array in words."""
    header = array.header
    return "not an array of numbers" if header is None else f"{header.shape} {header.dtype.newbyteorder('=')}"


@contextmanager
def errors_explained(where: str) -> Iterator[None]:
    """Turns the libraries' errors for damaged files into DataError, and those for missing files into UsageError."""
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError("does not exist", where=where) from error
    except ERRORS as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or "it is cut short"
        raise DataError(f"cannot be read: {reason}", where=where) from error


def _list_members(stream: IO[bytes], kinds: str) -> Iterator[StoredArray]:
    with zipfile.ZipFile(stream) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names):
            raise ValueError("it has two members of one name")
        for info in archive.infolist():
            if not info.filename.endswith(SUFFIX):
                continue
            name = info.filename.removesuffix(SUFFIX)
            with archive.open(info) as member:
                try:
                    header = read_npy_header(member, kinds)
                except ValueError:
                    yield StoredArray(name, None)
                    continue
                offset = member.tell()
            _check_size(header, info.file_size - offset)
            packed = info.compress_type != zipfile.ZIP_STORED
            deflated = info.compress_type == zipfile.ZIP_DEFLATED
            if deflated and info.file_size > MAX_RATIO * (info.compress_size + 1):
                raise ValueError(f"'{name[:50]}' claims more than its data can unpack to")
            yield StoredArray(name, header, offset if packed else _find_data(stream, info) + offset, packed)


def _find_data(stream: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Returns where the bytes of a member begin in the archive: after its header, which alone says how long it is."""
    stream.seek(info.header_offset)
    signature, name, extra = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
    start = int(info.header_offset + _LOCAL_HEADER.size + name + extra)
    if signature != ZIP or start + info.file_size > os.fstat(stream.fileno()).st_size:
        raise ValueError("it is truncated")
    return start


def _check_size(header: NpyHeader, nbytes: int) -> None:
    if header.nbytes > nbytes:
        raise ValueError("it is truncated")


def is_number(header: NpyHeader) -> bool:
    """Returns whether an array holds numbers of a type that is read."""
    return header.dtype.kind in "biuf" and header.dtype.itemsize <= 8


def find_named(path: str, asked: str, found: list[StoredArray]) -> StoredArray:
    """Returns the array that is `asked` for, of those that were `found` at `path`; a slash before its name, as HDF5 has
    one, may stand there. Raises UsageError if it is not there."""
    for name in (asked, asked.removeprefix("/")):
        for array in found:
            if array.name == name:
                return array
    names = [array.name for array in found]
    if names == [""]:
        raise UsageError("--dataset is for archives (.npz), this file holds one array", where=path, hint="leave it out")
    near = find_near(asked, names)
    meant = f"did you mean {near}? it" if near else "it"
    raise UsageError(f"has no array '{asked}'", where=path, hint=f"{meant} holds {_describe_few(found)}")


def _describe_few(found: list[StoredArray]) -> str:
    listed = [f"{escape_controls(array.name)} {describe_array(array)}" for array in found[:LISTED]]
    return list_few(listed, LISTED, total=len(found)) or "no array"


def _check_usable(array: StoredArray, where: str) -> None:
    header = array.header
    if header is None or not is_number(header):
        what = "something else" if header is None else f"{header.dtype} values"
        raise NothingToMeasureError(f"holds {what}, not integers or floats of up to 8 bytes", where=where)
    if not 1 <= len(header.shape) <= MAX_RANK:
        raise NothingToMeasureError(f"has {len(header.shape)} axes; arrays with 1 to {MAX_RANK} are read", where=where)
    if 0 in header.shape:
        raise NothingToMeasureError(f"is empty: its shape is {header.shape}", where=where)
