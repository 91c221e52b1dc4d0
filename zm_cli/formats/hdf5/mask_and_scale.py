"""Reads the attributes of netCDF files that say which real values the stored values stand for, by xarray's rules.

Stored values equal to `_FillValue` or one of `missing_value` are missing; real values are `stored * scale_factor +
add_offset`; `_Unsigned` says that signed integers are to be read as unsigned ones, or the other way round. HDF5's own
fill value of a dataset stands for values that were never written, not for missing ones. `valid_range` is not applied.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.packing import Packing
from zm_cli.errors import DataError
from zm_cli.formats.hdf5.names import format_name
from zm_cli.inputs.name_lists import list_few
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error

MARKS = ("_FillValue", "missing_value")
"""The attributes that say which stored values are missing."""
ATTRIBUTES = (*MARKS, "scale_factor", "add_offset", "_Unsigned")
"""All attributes that say what stored values stand for; they would be wrong for transformed values."""
MAX_MARKS = 100
"""The most stored values that may mean missing: every value is compared with each of them."""
MAX_SHOWN = 5
MAX_LETTERS = 40
AS_STORED = "--no-mask-and-scale reads values as stored"


@dataclass(frozen=True)
class Meaning:
    """What the attributes of a dataset say about its values.

    `dtype` is the type that stored values are read as, which has the size of the stored type. `packing` is None if the
    values stand for themselves. `text` says all of it as a clause; it is empty if only the type changes.
    """

    dtype: np.dtype[Any]
    packing: Packing | None
    text: str


def find_meaning(dataset: Any, stored: np.dtype[Any], where: str) -> Meaning | None:
    """Returns what the attributes of an `h5py.Dataset` with values of dtype `stored` mean; None if they change nothing.

    Raises DataError, naming the dataset by `where`, if an attribute cannot be understood.
    """
    reader = _Reader(dataset, where)
    dtype = _find_sign(reader.read_text("_Unsigned"), stored)
    scale, offset = reader.read_number("scale_factor"), reader.read_number("add_offset")
    found = dict.fromkeys(_turn_sign(mark, stored, dtype) for name in MARKS for mark in reader.read_marks(name))
    # Infinities count as missing in any case.
    marks = tuple(mark for mark in found if math.isfinite(mark))
    missing = tuple(mark for mark in marks if _occurs(mark, dtype))
    idle: list[float | str] = [*(mark for mark in marks if mark not in missing), *reader.texts]
    packing = Packing(
        dtype=choose_dtype(dtype, scale, offset, masked=bool(missing)),
        scale=1.0 if scale is None else float(scale),
        offset=0.0 if offset is None else float(offset),
        missing=missing,
    )
    changes = packing.is_affine or packing.dtype != dtype
    if not (changes or missing or idle or dtype != stored):
        return None
    sentences = [
        f"values are {describe_formula(scale, offset)}" if packing.is_affine else "",
        f"stored values are {dtype} (_Unsigned)" if dtype != stored else "",
        f"{_list_marks(missing)} {'is' if len(missing) == 1 else 'are'} missing" if missing else "",
        f"{_list_marks(idle)} marks nothing, because {dtype} has no such value" if idle else "",
    ]
    text = ", ".join(sentence for sentence in sentences if sentence)
    return Meaning(dtype, packing if changes or missing else None, text)


def choose_dtype(
    stored: np.dtype[Any], scale: np.generic | None, offset: np.generic | None, *, masked: bool
) -> np.dtype[Any]:
    """Returns the type of the real values, for stored values of dtype `stored` and these attributes; None for an absent
    attribute.

    `masked` says that some values are missing. Like xarray: without scale and offset, integers of up to 2 bytes with
    missing values become float32, and larger ones float64. If scale and offset are both float32 or both float64, the
    result has that type, but float64 for integers of 4 bytes; with any other offset, it is float64; with a scale alone,
    it has the type of the scale. Unlike xarray, an integer type is chosen only if it holds every value: for integers,
    none of which is missing.
    """
    single, double = np.dtype(np.float32), np.dtype(np.float64)
    if scale is None and offset is None:
        return stored if stored.kind == "f" or not masked else single if stored.itemsize <= 2 else double
    if scale is not None and offset is not None and scale.dtype == offset.dtype and scale.dtype in (single, double):
        return double if stored.kind in "iu" and stored.itemsize == 4 else scale.dtype
    if scale is None or offset is not None or scale.dtype.itemsize > 8:
        return double
    if scale.dtype.kind == "f":
        return scale.dtype
    whole = stored.kind in "iu" and not masked and np.can_cast(stored, scale.dtype)
    return scale.dtype if whole else double


def describe_formula(scale: np.generic | None, offset: np.generic | None) -> str:
    """Returns how real values follow from stored ones, such as `stored * 0.01 + 273.15`."""
    # As text, a float32 has no more digits than it needs.
    product = "stored" if scale is None or scale == 1 else f"stored * {scale!s}"
    if offset is None or offset == 0:
        return product
    shown = str(offset)
    return f"{product} - {shown[1:]}" if shown.startswith("-") else f"{product} + {shown}"


def _find_sign(unsigned: str | None, stored: np.dtype[Any]) -> np.dtype[Any]:
    """Returns the integer type of the same size that `_Unsigned` asks for, or the stored type if it asks for none."""
    wanted = {"true": "u", "false": "i"}.get((unsigned or "").lower())
    if wanted is None or stored.kind not in "iu":
        return stored
    return np.dtype(f"{wanted}{stored.itemsize}")


def _turn_sign(mark: float, stored: np.dtype[Any], dtype: np.dtype[Any]) -> float:
    """Returns a mark of the stored type as the value of `dtype` that has the same bits."""
    if stored == dtype or not math.isfinite(mark) or mark != int(mark):
        return mark
    limits, span = np.iinfo(dtype), 1 << 8 * dtype.itemsize
    turned = int(mark) + span if mark < limits.min else int(mark) - span if mark > limits.max else int(mark)
    return turned if limits.min <= turned <= limits.max else mark


def _occurs(mark: float, dtype: np.dtype[Any]) -> bool:
    """Returns whether a value of this dtype can equal a mark; for a float dtype, the mark is rounded."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return bool(np.isfinite(dtype.type(mark)))
    limits = np.iinfo(dtype)
    return mark == int(mark) and bool(limits.min <= mark <= limits.max)


def _list_marks(marks: Sequence[float | str]) -> str:
    return list_few([f"{mark:g}" if isinstance(mark, float) else str(mark) for mark in marks], MAX_SHOWN)


class _Reader:
    """Reads attributes of an `h5py.Dataset`, which are not trusted. All methods raise DataError, naming the attribute,
    if it cannot be used."""

    def __init__(self, dataset: Any, where: str) -> None:
        self._dataset = dataset
        self._where = where
        self.texts: list[str] = []
        """Marks of missing values that are texts and not numbers."""

    def read_number(self, name: str) -> np.generic | None:
        """Returns the attribute as one finite number of its own type; None if it does not exist.
        A scale factor must not be 0."""
        values = self._read_numbers(name)
        if isinstance(values, str):
            raise self._make_error(name, f"is '{values}', which is not a number")
        if values is None or not values.size:
            return None
        if values.size > 1:
            raise self._make_error(name, f"has {values.size:,} numbers instead of one")
        number: np.generic = values.reshape(-1)[0]
        if not math.isfinite(float(number)) or (name == "scale_factor" and number == 0):
            raise self._make_error(name, f"is {number}")
        return number

    def read_marks(self, name: str) -> list[float]:
        """Returns the attribute as Python numbers, without NaN; an empty list if it does not exist."""
        values = self._read_numbers(name)
        if isinstance(values, str):
            self.texts.append(f"'{values}'")
        if values is None or isinstance(values, str):
            return []
        if values.size > MAX_MARKS:
            raise self._make_error(name, f"has {values.size:,} numbers")
        numbers = [float(value) if value.dtype.kind == "f" else int(value) for value in values.reshape(-1)]
        return [number for number in numbers if not math.isnan(number)]

    def read_text(self, name: str) -> str | None:
        """Returns the attribute as one text; None if it does not exist or is something else."""
        value = self._read(name)
        values = [] if value is None else np.asarray(value).reshape(-1).tolist()
        if len(values) != 1:
            return None
        value = values[0].decode("utf-8", "replace") if isinstance(values[0], bytes) else values[0]
        return value if isinstance(value, str) else None

    def _read_numbers(self, name: str) -> NDArray[Any] | str | None:
        """Returns the attribute as an array of numbers in native byte order, also from text; None if it does not exist.

        A text that is not a number is returned as it is, for a message.
        """
        value = self._read(name)
        if value is None:
            return None
        values = np.asarray(value)
        if values.dtype.kind in "SUO":
            texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in values.flat]
            try:
                values = np.array([float(text) for text in texts])
            except (TypeError, ValueError):
                return format_name(", ".join(map(str, texts)))[:MAX_LETTERS]
        if values.dtype.kind not in "iufb":
            raise self._make_error(name, "is not a number")
        return values.astype(values.dtype.newbyteorder("=")) if values.dtype.kind != "b" else values.astype(np.uint8)

    def _read(self, name: str) -> Any:
        """Returns the value of the attribute; None if it does not exist or is empty."""
        import h5py

        try:
            value = self._dataset.attrs.get(name)
        except H5PY_ERRORS as error:
            raise self._make_error(name, f"cannot be read: {explain_error(error)}") from error
        return None if isinstance(value, h5py.Empty) else value

    def _make_error(self, name: str, what: str) -> DataError:
        return DataError(f"its attribute {name} {what}", where=self._where, hint=AS_STORED)
