"""Which dataset of the file is meant: the one named, or the only one that it can be."""

from __future__ import annotations

from typing import Any

import numpy as np

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.hdf5.access import ERRORS, explain
from zm_cli.formats.hdf5.links import (
    ExternalLink,
    decode_name,
    describe_external_links,
    encode_name,
    follow,
    show_name,
    split_path,
    walk,
)
from zm_cli.formats.hdf5.outside import find_outside, is_external, is_virtual, stored_shape
from zm_cli.suggest import find_near

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
    from h5py import h5t

    try:
        kind = dataset.id.get_type().get_class()
        words = {h5t.TIME: "time", h5t.BITFIELD: "bit field", h5t.REFERENCE: "reference"}
        if kind in words:
            return words[kind]
        dtype = dataset.dtype
    except ERRORS:
        return "unknown type"
    if h5py.check_string_dtype(dtype) is not None:
        return "string"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "variable length"
    if h5py.check_enum_dtype(dtype) is not None:
        return "enumeration"
    return "compound" if dtype.names else str(dtype.newbyteorder("=")) if dtype.kind in "biufc" else "opaque"


def list_datasets(file: Any) -> list[tuple[str, Any]]:
    """Every dataset of the file with its path, once however many hard links it has; no other links are followed."""
    import h5py
    from h5py import h5d

    return [(decode_name(path), h5py.Dataset(item)) for path, item, *_ in walk(file) if isinstance(item, h5d.DatasetID)]


def describe_datasets(found: list[tuple[str, Any]]) -> str:
    """The datasets with shape and type, in one line; no other file is opened for it."""
    told = [_describe_dataset(path, item) for path, item in found[:LISTED]]
    rest = [f"and {len(found) - LISTED} more"] if len(found) > LISTED else []
    return ", ".join(told + rest)


def _describe_dataset(path: str, item: Any) -> str:
    shape = stored_shape(item.id)
    storage = " virtual" if is_virtual(item.id) else " in another file" if is_external(item.id) else ""
    return f"{show_name(path)} {'empty' if shape is None else shape} {describe_type(item)}{storage}"


def choose_dataset(file: Any, path: str, asked: str | None, allow_external: bool) -> tuple[str, Any]:
    """The dataset to read and its path in the file; nothing leads to other files unless `allow_external`.

    Raises UsageError where `asked` is none of the file's, or leads to others, or, without it, several could be meant;
    DataError where the dataset cannot be read as numbers of rank 1 to 5, or nothing in the file can.
    """
    try:
        if asked is not None:
            name, dataset = _find_named(file, path, asked, allow_external)
        else:
            name, dataset = _find_only(file, path)
    except ERRORS as error:
        raise DataError(f"its contents cannot be listed: {explain(error)}", where=path) from error
    where = f"{path}: {show_name(name)}"
    if not allow_external:
        check_inside(dataset, path, where)
    _check_readable(dataset, where)
    return name, dataset


def check_inside(dataset: Any, path: str, where: str) -> None:
    """Raises UsageError where values of a dataset of the file at `path` lie in other files."""
    try:
        outside = find_outside(dataset.id, path)
    except ERRORS as error:
        raise DataError(f"cannot be read: {explain(error)}", where=where) from error
    if outside is not None:
        raise UsageError(outside, where=where, hint="--allow-external reads other files, too")


def open_named(file: Any, path: str, name: str, allow_external: bool) -> Any | None:
    """What is at `name` in the file at `path`: an object of h5py's, or nothing.

    Raises UsageError for a way out of the file, unless `allow_external`, and DataError where that ends nowhere.
    """
    found = follow(file.id, encode_name(name))
    if not isinstance(found, ExternalLink):
        return None if found is None else _wrap(found)
    where = f"{path}: {show_name(name)}"
    if not allow_external:
        raise UsageError(found.describe(), where=where, hint="--allow-external follows it; or give that file itself")
    try:
        return file[encode_name(name)]
    except ERRORS as error:
        raise DataError(f"{found.describe()}, which cannot be followed: {explain(error)}", where=where) from error


def _wrap(item: Any) -> Any:
    import h5py
    from h5py import h5d, h5g

    if isinstance(item, h5d.DatasetID):
        return h5py.Dataset(item)
    return h5py.Group(item) if isinstance(item, h5g.GroupID) else h5py.Datatype(item)


def _find_only(file: Any, path: str) -> tuple[str, Any]:
    datasets = list_datasets(file)
    usable = [entry for entry in datasets if _is_candidate(*entry)]
    arrays = [entry for entry in usable if len(stored_shape(entry[1].id) or ()) >= 2]
    likely = arrays or usable
    if len(likely) == 1:
        return likely[0]
    if not likely:
        holds = f"it holds {describe_datasets(datasets)}" if datasets else "it holds no dataset at all"
        if away := describe_external_links(file):
            holds += f"; into other files lead {away}: name one with --dataset and --allow-external"
        raise DataError(f"has no dataset of numbers of rank 1 to {MOST_RANK}", where=path, hint=holds)
    raise UsageError(
        f"which dataset is meant? There are {describe_datasets(likely)}",
        where=path,
        hint=f"say which, for example --dataset {show_name(likely[0][0])}",
    )


def _is_candidate(name: str, dataset: Any) -> bool:
    from h5py import h5ds

    if name.startswith(HIDDEN) or numeric_dtype(dataset) is None:
        return False
    if not 1 <= len(stored_shape(dataset.id) or ()) <= MOST_RANK:
        return False
    # The coordinates of an axis (netCDF writes them) are not the data.
    return not h5ds.is_scale(dataset.id)


def _find_named(file: Any, path: str, asked: str, allow_external: bool) -> tuple[str, Any]:
    import h5py

    name = decode_name(b"/" + b"/".join(split_path(encode_name(asked))))
    item = open_named(file, path, name, allow_external)
    if isinstance(item, h5py.Dataset):
        return name, item
    shown = show_name(name)
    datasets = list_datasets(file)
    if isinstance(item, h5py.Group):
        inside = [entry for entry in datasets if entry[0].startswith(f"{name.rstrip('/')}/")]
        hint = f"it holds {describe_datasets(inside)}" if inside else "it holds no dataset"
        raise UsageError(f"{shown} is a group, not a dataset", where=path, hint=hint)
    if item is not None:
        raise UsageError(f"{shown} is a named type, not a dataset", where=path)
    near = _find_near_path(name, [entry[0] for entry in datasets])
    meant = f"did you mean {show_name(near)}? " if near else ""
    there = describe_datasets(datasets) if datasets else "no dataset at all"
    raise UsageError(f"has no dataset {shown}", where=path, hint=f"{meant}It holds {there}")


def _find_near_path(name: str, paths: list[str]) -> str | None:
    """The path most like `name`, or whose last part is."""
    if whole := find_near(name, paths):
        return whole
    last = {path.rsplit("/", 1)[1]: path for path in reversed(paths)}
    near = find_near(name.rsplit("/", 1)[1], reversed(last))
    return last[near] if near else None


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
