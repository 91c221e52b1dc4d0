"""Chooses the dataset to read: the one that the user named, or else the only suitable one of the file."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from zm_cli.errors import DataError, NothingToMeasureError, UsageError
from zm_cli.formats.hdf5.candidates import MAX_RANK, describe_datasets, explain_other_use, find_candidates
from zm_cli.formats.hdf5.datasets import describe_type, list_datasets, numeric_dtype
from zm_cli.formats.hdf5.external import stored_shape
from zm_cli.formats.hdf5.links import describe_external_links
from zm_cli.formats.hdf5.location import Location
from zm_cli.formats.hdf5.names import decode_name, encode_name, format_name, split_path
from zm_cli.formats.hdf5.sparse import find_matrix
from zm_cli.formats.shared.examples import LISTED, advise_example, choose_example
from zm_cli.inputs.name_lists import list_few
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.suggest import find_near


def choose_dataset(
    file: Any, path: str, asked: str | None, allow_external: bool, beside: Collection[str] = ()
) -> tuple[Location, Any]:
    """Returns the location of the dataset to read in `file` (an `h5py.File` at `path`), and the `h5py.Dataset`.

    Datasets with the paths in `beside`, which hold something else, are chosen only if they are `asked` for. Raises
    UsageError if the file has no dataset `asked`, if that leads to other files and `allow_external` is false, or if
    several datasets are suitable; DataError if the dataset does not hold numbers along 1 to 5 axes, or if no dataset of
    the file does.
    """
    try:
        if asked is None:
            name, dataset = _find_only(file, path, beside)
            location = Location(path, name, allow_external)
    except H5PY_ERRORS as error:
        raise DataError(f"its contents cannot be listed: {explain_error(error)}", where=path) from error
    if asked is not None:
        location, dataset = find_named(file, path, asked, allow_external)
    location.check_self_contained(dataset)
    _check_readable(dataset, str(location))
    return location, dataset


def find_named(file: Any, path: str, asked: str, allow_external: bool) -> tuple[Location, Any]:
    """Returns the location of the dataset `asked` for in `file` (an `h5py.File` at `path`), and the `h5py.Dataset`.

    Raises UsageError if there is none, or if it lies in another file and `allow_external` is false; DataError if the
    file cannot be read.
    """
    try:
        return _find_named(file, path, asked, allow_external)
    except H5PY_ERRORS as error:
        raise DataError(f"its contents cannot be listed: {explain_error(error)}", where=path) from error


def _find_only(file: Any, path: str, beside: Collection[str]) -> tuple[str, Any]:
    """Returns the path and `h5py.Dataset` of the only suitable dataset: of rank 2 or more, or else of rank 1."""
    datasets = list_datasets(file)
    candidates = find_candidates([entry for entry in datasets if entry[0] not in beside])
    if not candidates:
        holds = f"it holds {_describe_few(datasets)}" if datasets else "it holds no dataset at all"
        if links := describe_external_links(file):
            holds += f"; it has links to other files, {links}: name one with --dataset and --allow-external"
        raise NothingToMeasureError(f"has no dataset of numbers of rank 1 to {MAX_RANK}", where=path, hint=holds)
    if len(candidates) == 1:
        return candidates[0]
    raise UsageError(
        f"which dataset is meant? There are {_describe_few(sort_candidates(candidates))}",
        where=path,
        hint=advise_example(path, find_example(candidates), len(candidates)),
    )


def sort_candidates(candidates: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Returns the candidates, paths and `h5py.Dataset`, the likeliest first: large ones, and booleans last."""
    return sorted(
        candidates, key=lambda entry: (entry[1].dtype.kind == "b", -math.prod(stored_shape(entry[1].id) or ()))
    )


def find_example(candidates: list[tuple[str, Any]]) -> str:
    """Returns the path of the candidate that is probably meant; each is a path and an `h5py.Dataset`."""
    sizes = [math.prod(stored_shape(dataset.id) or ()) for _, dataset in candidates]
    return choose_example([format_name(name) for name, _ in candidates], sizes)


def note_left_out(file: Any, path: str) -> str | None:
    """Returns a note on the sparse matrices of `file` (at `path`), which cannot be chosen; None if there are none."""
    matrices = list(dict.fromkeys(matrix for _, dataset in list_datasets(file) if (matrix := find_matrix(dataset))))
    if not matrices:
        return None
    return f"{path}: sparse matrices are not read: {list_few(matrices, LISTED)}"


def _describe_few(datasets: list[tuple[str, Any]]) -> str:
    return list_few(describe_datasets(datasets[:LISTED]), LISTED, total=len(datasets))


def _find_named(file: Any, path: str, asked: str, allow_external: bool) -> tuple[Location, Any]:
    import h5py

    name = decode_name(b"/" + b"/".join(split_path(encode_name(asked))))
    location = Location(path, name, allow_external)
    item = location.open_item(file)
    if isinstance(item, h5py.Dataset):
        return location, item
    shown = format_name(name)
    datasets = list_datasets(file)
    if isinstance(item, h5py.Group):
        inside = [entry for entry in datasets if entry[0].startswith(f"{name.rstrip('/')}/")]
        hint = f"it holds {_describe_few(inside)}" if inside else "it holds no dataset"
        raise UsageError(f"{shown} is a group, not a dataset", where=path, hint=hint)
    if item is not None:
        raise UsageError(f"{shown} is a named type, not a dataset", where=path)
    near = _find_near_path(name, [entry[0] for entry in datasets])
    suggestion = f"did you mean {format_name(near)}? " if near else ""
    holds = _describe_few(datasets) if datasets else "no dataset at all"
    raise UsageError(f"has no dataset {shown}", where=path, hint=f"{suggestion}it holds {holds}")


def _find_near_path(name: str, paths: list[str]) -> str | None:
    """Returns the path that is most similar to `name`, or else the path whose last part is."""
    if whole := find_near(name, paths):
        return whole
    last_parts = {path.rsplit("/", 1)[1]: path for path in reversed(paths)}
    near = find_near(name.rsplit("/", 1)[1], reversed(last_parts))
    return last_parts[near] if near else None


def _check_readable(dataset: Any, where: str) -> None:
    shape = dataset.shape
    if shape is None:
        raise NothingToMeasureError("holds no values at all (a null dataspace)", where=where)
    if numeric_dtype(dataset) is None:
        raise NothingToMeasureError(
            f"holds {describe_type(dataset)} values, not plain numbers", where=where, hint="name a dataset of numbers"
        )
    if (use := explain_other_use(dataset)) is not None:
        hint = "save the matrix as a full one" if "sparse" in use else "name a dataset of numbers"
        raise NothingToMeasureError(f"does not hold data: it is {use}", where=where, hint=hint)
    if not 1 <= len(shape) <= MAX_RANK:
        what = f"has rank {len(shape)}, shape {shape}; rank 1 to {MAX_RANK} can be read"
        raise NothingToMeasureError(what, where=where)
    if 0 in shape:
        raise NothingToMeasureError(f"is empty: shape {shape}", where=where)
