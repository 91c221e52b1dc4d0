"""The arrays beside the data: labels, weights and a mask, in the same archive or each in a `.npy` file of its own."""

from __future__ import annotations

import threading
import zipfile
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from zm_cli.data.options import Option, ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats.npy.choose import StoredArray, errors_explained, find_named, is_number, list_arrays, name_array
from zm_cli.formats.npy.mapped import MappedArray
from zm_cli.formats.shared.beside import BOOLEANS, Beside, Entries, Mask
from zm_cli.formats.shared.beside_shapes import MAX_LETTERS, WANTED, find_entry_axis, fit_mask, list_named
from zm_cli.formats.shared.npy_header import NUMBERS
from zm_cli.formats.shared.options import BY, MASK, WEIGHT

TEXTS = "US"
"""The kinds of dtypes that are text, as in `numpy.dtype.kind`."""
KINDS = NUMBERS + TEXTS

_opening = threading.Lock()


class ArrayReader:
    """Reads entries of one array; it pickles without open files. Safe to use from several threads at once."""

    def __init__(self, path: str, array: StoredArray, axis: int) -> None:
        self._path = path
        self._array = array
        self._axis = axis
        self._mapped: MappedArray | None = None

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Returns the entries from `start` to `stop`, along the first axis. Raises DataError if the file is damaged."""
        with errors_explained(name_array(self._path, self._array.name)):
            with _opening:
                if self._mapped is None:
                    self._mapped = MappedArray(self._path, self._array, self._axis)
                mapped = self._mapped
            return mapped.read(start, stop)

    def close(self) -> None:
        """Closes the temporary file of a packed array; the next read creates it again."""
        with _opening:
            if self._mapped is not None:
                self._mapped.close()
            self._mapped = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_mapped": None}


def list_other_files(path: str, options: ReadOptions) -> dict[str, str]:
    """Returns the files that the options name beside the one at `path`, by the options' names."""
    named = list_named(options)
    return named if named and not zipfile.is_zipfile(path) else {}


@dataclass(frozen=True)
class ArraysBeside:
    """The arrays beside the data, their names by the options' names, and their readers."""

    beside: Beside
    names: dict[str, str]
    readers: tuple[ArrayReader, ...]


def open_beside(path: str, data: StoredArray, letters: str, options: ReadOptions) -> ArraysBeside:
    """Returns the arrays that the options name beside `data`, the array of the file at `path` with the axes `letters`.

    Raises UsageError for an array that does not exist or does not fit the data, DataError for one that cannot be read.
    """
    assert data.header is not None
    shape, samples = data.header.shape, data.header.shape[letters.index("N")]
    names: dict[str, str] = {}
    readers: list[ArrayReader] = []
    entries: dict[Option[str], Entries] = {}
    mask: Mask | None = None
    for option in (BY, WEIGHT, MASK):
        if (asked := options.get(option)) is None:
            continue
        source, array = _find(path, data, option, asked)
        names[option.name] = array.name or asked
        where = name_array(source, array.name)
        if (misfit := explain_misfit(option, array)) is not None or array.header is None:
            raise UsageError(misfit or "", where=where, hint=WANTED[option])
        header = array.header
        if option is MASK:
            fit = fit_mask(header.shape, shape, letters, where)
            readers.append(ArrayReader(source, array, fit.axis))
            mask = Mask(readers[-1], fit.extents)
        else:
            axis = find_entry_axis(option, header.shape, samples, where)
            readers.append(ArrayReader(source, array, axis))
            is_flag = option is BY and header.dtype.kind == "b"
            entries[option] = Entries(readers[-1], where, BOOLEANS if is_flag else None)
    return ArraysBeside(Beside(entries.get(BY), entries.get(WEIGHT), mask), names, tuple(readers))


def _find(path: str, data: StoredArray, option: Option[str], asked: str) -> tuple[str, StoredArray]:
    """Returns the array that an option names, and the path of its file."""
    if data.name:
        return path, find_named(path, asked, list_arrays(path, KINDS))
    try:
        found = list_arrays(asked, KINDS)
    except UsageError as error:
        hint = f"{option.spelling} takes another .npy file here, as {path} holds one array"
        raise UsageError(error.what, where=error.where, hint=hint) from error
    if [array.name for array in found] != [""]:
        raise UsageError("is an archive", where=asked, hint=f"beside a .npy file, {option.spelling} takes another one")
    return asked, found[0]


def explain_misfit(option: Option[str], array: StoredArray) -> str | None:
    """Returns what an array holds that cannot be labels, weights or a mask, as a clause; None if it can be."""
    if array.header is None:
        return "holds neither numbers nor text"
    dtype = array.header.dtype
    if dtype.kind in TEXTS:
        if option is not BY:
            return "holds text"
        return None if 0 < dtype.itemsize <= MAX_LETTERS else f"holds texts of {dtype.itemsize:,} bytes"
    fits = is_number(array.header) and (option is not MASK or dtype.kind in "biu")
    return None if fits else f"holds {dtype.newbyteorder('=')} values"
