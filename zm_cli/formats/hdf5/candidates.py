"""Tells the datasets that can be the data from those that hold something else."""

from __future__ import annotations

from typing import Any

from zm_cli.formats.hdf5.datasets import describe_dataset, numeric_dtype
from zm_cli.formats.hdf5.external import stored_shape
from zm_cli.formats.hdf5.matlab import count_axes, explain_not_data, is_matlab
from zm_cli.formats.hdf5.sparse import find_matrix

MAX_RANK = 5
HIDDEN = ("/#refs#/", "/#subsystem#/")
"""Where MATLAB keeps the contents of its cells: datasets there are chosen only by name."""


def explain_other_use(dataset: Any) -> str | None:
    """What an `h5py.Dataset` holds instead of an array, where its type does not tell; None where it may be data."""
    if (what := explain_not_data(dataset)) is not None:
        return what
    matrix = find_matrix(dataset)
    return None if matrix is None else f"part of the sparse matrix {matrix}"


def explain_unusable(dataset: Any) -> str | None:
    """Why an `h5py.Dataset` cannot be measured, in a few words; None where it can. Opens no other file."""
    shape = stored_shape(dataset.id)
    if numeric_dtype(dataset) is None:
        return explain_not_data(dataset) or "not numbers"
    if (use := explain_other_use(dataset)) is not None:
        return use
    if shape is None or 0 in shape:
        return "empty"
    return None if 1 <= len(shape) <= MAX_RANK else f"{len(shape)} axes" if shape else "a single number"


def explain_passed_over(path: str, dataset: Any) -> str | None:
    """Why an `h5py.Dataset` at `path` is read only where it is named, in a few words; None where it is not."""
    from h5py import h5ds

    if path.startswith(HIDDEN):
        return "contents of a MATLAB cell"
    # The coordinates of an axis (netCDF writes them) are not the data.
    return "coordinates of an axis" if h5ds.is_scale(dataset.id) else None


def find_candidates(datasets: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The datasets of such a list, path and `h5py.Dataset`, between which to choose: those of several axes, or else of
    one."""
    usable = [entry for entry in datasets if explain_passed_over(*entry) is None and explain_unusable(entry[1]) is None]
    return [entry for entry in usable if _count_axes(entry[1]) >= 2] or usable


def describe_datasets(found: list[tuple[str, Any]]) -> list[str]:
    """Each dataset of such a list with its shape and type, and with what it is if not data; opens no other file."""
    shown = []
    for path, dataset in found:
        use = explain_other_use(dataset) or ("no values" if 0 in (stored_shape(dataset.id) or ()) else None)
        shown.append(describe_dataset(path, dataset) + (f" ({use})" if use else ""))
    return shown


def _count_axes(dataset: Any) -> int:
    shape = stored_shape(dataset.id) or ()
    return count_axes(shape) if is_matlab(dataset) else len(shape)
