"""The datasets beside the data: labels, weights and a mask, checked when the file is opened and read span by span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zm_cli.data.options import Option, ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats.hdf5.candidates import explain_other_use
from zm_cli.formats.hdf5.choose import find_named
from zm_cli.formats.hdf5.claims import check_claims
from zm_cli.formats.hdf5.datasets import describe_type, numeric_dtype
from zm_cli.formats.hdf5.location import Location
from zm_cli.formats.hdf5.mask_and_scale import find_meaning
from zm_cli.formats.hdf5.names import decode_name, encode_name, split_path
from zm_cli.formats.hdf5.options import ALLOW_EXTERNAL
from zm_cli.formats.hdf5.reader import DatasetReader
from zm_cli.formats.shared.beside import BOOLEANS, Beside, Entries, Mask
from zm_cli.formats.shared.beside_shapes import MAX_LETTERS, WANTED, find_entry_axis, fit_mask, list_named
from zm_cli.formats.shared.options import BY, MASK, MASK_AND_SCALE, WEIGHT
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS

LABELS, CLASSES = "/labels", "classes"
"""Where zm writes the labels of images, and the attribute of the file with the names of the classes."""


@dataclass(frozen=True)
class DatasetsBeside:
    """The datasets beside the data, their names by the options' names, their readers, and notes."""

    beside: Beside
    names: dict[str, str]
    readers: tuple[DatasetReader, ...]
    notes: tuple[str, ...]


def list_paths(options: ReadOptions) -> frozenset[str]:
    """Returns the paths of the datasets that the options name beside the data."""
    return frozenset(map(_normalize, list_named(options).values()))


def open_beside(
    file: Any, path: str, options: ReadOptions, dataset: Any, letters: str, span_samples: int
) -> DatasetsBeside:
    """Returns the datasets that the options name beside the `h5py.Dataset` of the data, in `file` (an `h5py.File` at
    `path`).

    `letters` name the axes of the data, `span_samples` are read at a time. Raises UsageError for a dataset that does
    not exist, leads to another file, or does not fit the data; DataError for one that cannot be read.
    """
    opening = _Opening(file, path, options, tuple(dataset.shape), letters, span_samples)
    labels = opening.open_entries(BY)
    weights = opening.open_entries(WEIGHT)
    mask = opening.open_mask()
    return DatasetsBeside(
        Beside(labels, weights, mask), opening.names, tuple(opening.readers), tuple(dict.fromkeys(opening.notes))
    )


class _Opening:
    """Opens one dataset after another, and collects their names, readers and notes."""

    def __init__(
        self, file: Any, path: str, options: ReadOptions, shape: tuple[int, ...], letters: str, span_samples: int
    ) -> None:
        self._file = file
        self._path = path
        self._options = options
        self._shape = shape
        self._letters = letters
        self._span_samples = span_samples
        self.names: dict[str, str] = {}
        self.readers: list[DatasetReader] = []
        self.notes: list[str] = []

    def open_entries(self, option: Option[str]) -> Entries | None:
        """Returns the labels or weights that the option names; None if it was not given."""
        if (found := self._find(option)) is None:
            return None
        location, dataset = found
        samples = self._shape[self._letters.index("N")]
        axis = find_entry_axis(option, tuple(dataset.shape), samples, str(location))
        names = _find_names(dataset) if option is BY else None
        classes = _read_classes(self._file, location, dataset) if option is BY and names is None else None
        return Entries(
            self._open_reader(location, dataset, axis),
            str(location),
            names if classes is None else classes,
            named=classes is not None,
            missing=self._find_missing(option, location, dataset),
        )

    def open_mask(self) -> Mask | None:
        """Returns the mask that the options name; None if there is none."""
        if (found := self._find(MASK)) is None:
            return None
        location, dataset = found
        fit = fit_mask(tuple(dataset.shape), self._shape, self._letters, str(location))
        return Mask(self._open_reader(location, dataset, fit.axis), fit.extents)

    def _find(self, option: Option[str]) -> tuple[Location, Any] | None:
        asked = self._options.get(option)
        if asked is None:
            return None
        location, dataset = find_named(self._file, self._path, asked, bool(self._options.get(ALLOW_EXTERNAL)))
        location.check_self_contained(dataset)
        if not dataset.shape:
            raise UsageError("holds a single value" if dataset.shape == () else "holds no values", where=str(location))
        if (misfit := explain_misfit(option, dataset)) is not None:
            raise UsageError(misfit, where=str(location), hint=WANTED[option])
        self.names[option.name] = location.name
        return location, dataset

    def _open_reader(self, location: Location, dataset: Any, axis: int) -> DatasetReader:
        if note := check_claims(dataset, dataset.file.filename, str(location), axis, is_output=False):
            self.notes.append(note)
        self.readers.append(DatasetReader(location, dataset, axis, self._span_samples))
        return self.readers[-1]

    def _find_missing(self, option: Option[str], location: Location, dataset: Any) -> tuple[float, ...]:
        """Returns the stored values that the attributes of labels or weights mark as missing."""
        stored = numeric_dtype(dataset)
        if stored is None or self._options.get(MASK_AND_SCALE) is False:
            return ()
        meaning = find_meaning(dataset, stored, str(location))
        if meaning is None:
            return ()
        if meaning.dtype != stored or (meaning.packing is not None and meaning.packing.is_affine):
            raise UsageError(
                f"its {meaning.text}; {option.spelling} takes stored values",
                where=str(location),
                hint="store the real values",
            )
        return () if meaning.packing is None else meaning.packing.missing


def _normalize(asked: str) -> str:
    return decode_name(b"/" + b"/".join(split_path(encode_name(asked))))


def explain_misfit(option: Option[str], dataset: Any) -> str | None:
    """Returns what an `h5py.Dataset` holds that cannot be labels, weights or a mask, as a clause; None if it can be."""
    import h5py

    if (use := explain_other_use(dataset)) is not None:
        return f"is {use}"
    numbers = numeric_dtype(dataset)
    if numbers is not None and (option is not MASK or numbers.kind in "iu"):
        return None
    if numbers is None and option is BY:
        try:
            text = h5py.check_string_dtype(dataset.dtype)
            if text is None and _find_names(dataset) is not None:
                return None
        except H5PY_ERRORS:
            return "holds values of an unknown type"
        if text is not None:
            return f"holds texts of {text.length:,} bytes" if (text.length or 0) > MAX_LETTERS else None
    return f"holds {describe_type(dataset)} values"


def _find_names(dataset: Any) -> dict[int, str] | None:
    """Returns the names of the values of an `h5py.Dataset` that are booleans or an enumeration; None for others."""
    import h5py

    if np.dtype(dataset.dtype).kind == "b":
        return BOOLEANS
    named = h5py.check_enum_dtype(dataset.dtype)
    if named is None or np.dtype(dataset.dtype).kind not in "iu":
        return None
    return {int(value): name if isinstance(name, str) else decode_name(name) for name, value in named.items()}


def _read_classes(file: Any, location: Location, dataset: Any) -> dict[int, str] | None:
    """Returns the names of the classes by their labels, if the dataset holds the labels that zm wrote;
    None for others."""
    from h5py import h5a, h5t

    numbers = numeric_dtype(dataset)
    if location.name != LABELS or numbers is None or numbers.kind not in "iu":
        return None
    try:
        # The type is checked first: h5py crashes on some types.
        if h5a.open(file["/"].id, CLASSES.encode()).get_type().get_class() != h5t.STRING:
            return None
        found: Sequence[Any] = np.atleast_1d(file.attrs[CLASSES]).tolist()
    except H5PY_ERRORS:
        return None
    return {number: name if isinstance(name, str) else decode_name(name) for number, name in enumerate(found)}
