"""Chooses the dataset to read: the one that the user named, or the only suitable one of the file."""

from __future__ import annotations

from typing import Any

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.hdf5.datasets import describe_datasets, describe_type, list_datasets, numeric_dtype
from zm_cli.formats.hdf5.external import stored_shape
from zm_cli.formats.hdf5.links import describe_external_links
from zm_cli.formats.hdf5.location import Location
from zm_cli.formats.hdf5.names import decode_name, encode_name, show_name, split_path
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.suggest import find_near

MOST_RANK = 5
HIDDEN = ("/#refs#/", "/#subsystem#/")
"""Where MATLAB keeps the contents of its cells: datasets there are chosen only by name."""


def choose_dataset(file: Any, path: str, asked: str | None, allow_external: bool) -> tuple[Location, Any]:
    """The location of the dataset to read, and the `h5py.Dataset`, in `file` (an `h5py.File`), which is at `path`.

    Raises UsageError where the file has no dataset `asked`, where that leads to other files and `allow_external` is
    false, and, without `asked`, where several datasets are suitable; DataError where the dataset cannot be read as
    numbers of rank 1 to 5, or no dataset of the file can.
    """
    try:
        if asked is not None:
            location, dataset = _find_named(file, path, asked, allow_external)
        else:
            name, dataset = _find_only(file, path)
            location = Location(path, name, allow_external)
    except H5PY_ERRORS as error:
        raise DataError(f"its contents cannot be listed: {explain_error(error)}", where=path) from error
    location.check_self_contained(dataset)
    _check_readable(dataset, str(location))
    return location, dataset


def _find_only(file: Any, path: str) -> tuple[str, Any]:
    """The path and `h5py.Dataset` of the only suitable dataset: of rank 2 or more, or else of rank 1."""
    datasets = list_datasets(file)
    suitable = [entry for entry in datasets if _is_suitable(*entry)]
    arrays = [entry for entry in suitable if len(stored_shape(entry[1].id) or ()) >= 2]
    candidates = arrays or suitable
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        holds = f"it holds {describe_datasets(datasets)}" if datasets else "it holds no dataset at all"
        if links := describe_external_links(file):
            holds += f"; it has links to other files, {links}: name one with --dataset and --allow-external"
        raise DataError(f"has no dataset of numbers of rank 1 to {MOST_RANK}", where=path, hint=holds)
    raise UsageError(
        f"which dataset is meant? There are {describe_datasets(candidates)}",
        where=path,
        hint=f"say which, for example --dataset {show_name(candidates[0][0])}",
    )


def _is_suitable(name: str, dataset: Any) -> bool:
    from h5py import h5ds

    if name.startswith(HIDDEN) or numeric_dtype(dataset) is None:
        return False
    if not 1 <= len(stored_shape(dataset.id) or ()) <= MOST_RANK:
        return False
    # The coordinates of an axis (netCDF writes them) are not the data.
    return not h5ds.is_scale(dataset.id)


def _find_named(file: Any, path: str, asked: str, allow_external: bool) -> tuple[Location, Any]:
    import h5py

    name = decode_name(b"/" + b"/".join(split_path(encode_name(asked))))
    location = Location(path, name, allow_external)
    item = location.open_item(file)
    if isinstance(item, h5py.Dataset):
        return location, item
    shown = show_name(name)
    datasets = list_datasets(file)
    if isinstance(item, h5py.Group):
        inside = [entry for entry in datasets if entry[0].startswith(f"{name.rstrip('/')}/")]
        hint = f"it holds {describe_datasets(inside)}" if inside else "it holds no dataset"
        raise UsageError(f"{shown} is a group, not a dataset", where=path, hint=hint)
    if item is not None:
        raise UsageError(f"{shown} is a named type, not a dataset", where=path)
    near = _find_near_path(name, [entry[0] for entry in datasets])
    suggestion = f"did you mean {show_name(near)}? " if near else ""
    holds = describe_datasets(datasets) if datasets else "no dataset at all"
    raise UsageError(f"has no dataset {shown}", where=path, hint=f"{suggestion}It holds {holds}")


def _find_near_path(name: str, paths: list[str]) -> str | None:
    """The path most similar to `name`, or else the one whose last part is."""
    if whole := find_near(name, paths):
        return whole
    last_parts = {path.rsplit("/", 1)[1]: path for path in reversed(paths)}
    near = find_near(name.rsplit("/", 1)[1], reversed(last_parts))
    return last_parts[near] if near else None


def _check_readable(dataset: Any, where: str) -> None:
    shape = dataset.shape
    if shape is None:
        raise DataError("holds no values at all (a null dataspace)", where=where)
    if numeric_dtype(dataset) is None:
        raise DataError(
            f"holds {describe_type(dataset)} values, not plain numbers", where=where, hint="name a dataset of numbers"
        )
    if not 1 <= len(shape) <= MOST_RANK:
        raise DataError(f"has rank {len(shape)}, shape {shape}; rank 1 to {MOST_RANK} can be read", where=where)
    if 0 in shape:
        raise DataError(f"is empty: shape {shape}", where=where)
