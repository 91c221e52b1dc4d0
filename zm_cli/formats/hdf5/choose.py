"""Which dataset of the file is meant: the one named, or the only one that it can be."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.hdf5.access import ERRORS, explain

MOST_RANK = 5
LISTED = 12
"""How many datasets a message lists."""
HIDDEN = ("/#refs#/", "/#subsystem#/")
"""Where MATLAB keeps the contents of its cells: never what a user means without saying so."""


def numeric_dtype(dataset: Any) -> np.dtype[Any] | None:
    """The native dtype of the dataset's values (booleans as uint8), None where they are no plain numbers."""
    import h5py
    from h5py import h5t

    try:
        stored = dataset.id.get_type()
        dtype = np.dtype(dataset.dtype)
    except ERRORS:
        return None
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    plain = stored.get_class() in (h5t.INTEGER, h5t.FLOAT) and h5py.check_enum_dtype(dtype) is None
    if not plain or dtype.kind not in "iuf" or dtype.itemsize > 8:
        return None
    native: np.dtype[Any] = dtype.newbyteorder("=")
    return native


def describe_type(dataset: Any) -> str:
    """The dataset's dtype in a word or two."""
    import h5py

    try:
        dtype = dataset.dtype
    except ERRORS:
        return "unknown type"
    if h5py.check_string_dtype(dtype) is not None:
        return "string"
    if h5py.check_ref_dtype(dtype) is not None:
        return "reference"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "variable length"
    if h5py.check_enum_dtype(dtype) is not None:
        return "enumeration"
    return "compound" if dtype.names else str(dtype.newbyteorder("=")) if dtype.kind in "biufc" else "opaque"


def list_datasets(file: Any) -> list[tuple[str, Any]]:
    """Every dataset of the file with its path, once however many hard links it has; no other links are followed."""
    import h5py

    found: list[tuple[str, Any]] = []

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append((f"/{name}", item))

    file.visititems(keep)
    return found


def describe_datasets(found: list[tuple[str, Any]]) -> str:
    """The datasets with shape and type, in one line."""
    told = [f"{path} {'empty' if item.shape is None else item.shape} {describe_type(item)}" for path, item in found]
    rest = [f"and {len(told) - LISTED} more"] if len(told) > LISTED else []
    return ", ".join(told[:LISTED] + rest)


def choose_dataset(file: Any, path: str, asked: str | None) -> tuple[str, Any]:
    """The dataset to read and its path in the file.

    Raises UsageError where `asked` is none of the file's or, without it, several could be meant; DataError where the
    dataset cannot be read as numbers of rank 1 to 5, or nothing in the file can.
    """
    try:
        if asked is not None:
            name, dataset = _find_named(file, path, asked)
        else:
            name, dataset = _find_only(file, path)
    except ERRORS as error:
        raise DataError(f"its contents cannot be listed: {explain(error)}", where=path) from error
    _check_readable(dataset, f"{path}: {name}")
    return name, dataset


def _find_only(file: Any, path: str) -> tuple[str, Any]:
    datasets = list_datasets(file)
    usable = [entry for entry in datasets if _is_candidate(*entry)]
    arrays = [entry for entry in usable if len(entry[1].shape) >= 2]
    likely = arrays or usable
    if len(likely) == 1:
        return likely[0]
    if not likely:
        holds = f"it holds {describe_datasets(datasets)}" if datasets else "it holds no dataset at all"
        raise DataError(f"has no dataset of numbers of rank 1 to {MOST_RANK}", where=path, hint=holds)
    raise UsageError(
        f"which dataset is meant? There are {describe_datasets(likely)}",
        where=path,
        hint=f"say which, for example --dataset {likely[0][0]}",
    )


def _is_candidate(name: str, dataset: Any) -> bool:
    from h5py import h5ds

    if name.startswith(HIDDEN) or numeric_dtype(dataset) is None or not 1 <= len(dataset.shape or ()) <= MOST_RANK:
        return False
    # The coordinates of an axis (netCDF writes them) are not the data.
    return not h5ds.is_scale(dataset.id)


def _find_named(file: Any, path: str, asked: str) -> tuple[str, Any]:
    import h5py
    from h5py import h5o

    name = "/" + "/".join(part for part in asked.split("/") if part not in ("", "."))
    link = file.get(name, getlink=True) if name != "/" else None
    item = None if isinstance(link, h5py.ExternalLink) else file.get(name)
    if isinstance(link, h5py.ExternalLink) or (
        item is not None and h5o.get_info(item.id).fileno != h5o.get_info(file.id).fileno
    ):
        raise UsageError(f"{name} leads to another file", where=path, hint="give that file itself")
    if isinstance(item, h5py.Dataset):
        return name, item
    datasets = list_datasets(file)
    inside = [entry for entry in datasets if entry[0].startswith(f"{name.rstrip('/')}/")]
    if isinstance(item, h5py.Group):
        hint = f"it holds {describe_datasets(inside)}" if inside else "it holds no dataset"
        raise UsageError(f"{name} is a group, not a dataset", where=path, hint=hint)
    if item is not None:
        raise UsageError(f"{name} is a named type, not a dataset", where=path)
    near = _nearest(name, [entry[0] for entry in datasets])
    meant = f"did you mean {near}? " if near else ""
    there = describe_datasets(datasets) if datasets else "no dataset at all"
    raise UsageError(f"has no dataset {name}", where=path, hint=f"{meant}It holds {there}")


def _nearest(name: str, paths: list[str]) -> str | None:
    """The path most like `name`, or whose last part is."""
    whole = difflib.get_close_matches(name, paths, 1)
    if whole:
        return whole[0]
    last = {path.rsplit("/", 1)[1]: path for path in reversed(paths)}
    close = difflib.get_close_matches(name.rsplit("/", 1)[1], list(last), 1)
    return last[close[0]] if close else None


def _check_readable(dataset: Any, where: str) -> None:
    shape = dataset.shape
    if shape is None:
        raise DataError("holds no values at all (a null dataspace)", where=where)
    if numeric_dtype(dataset) is None:
        raise DataError(
            f"holds {describe_type(dataset)} values, no plain numbers", where=where, hint="name a dataset of numbers"
        )
    if not 1 <= len(shape) <= MOST_RANK:
        raise DataError(f"has rank {len(shape)}, shape {shape}; rank 1 to {MOST_RANK} can be read", where=where)
    if 0 in shape:
        raise DataError(f"is empty: shape {shape}", where=where)
