"""Tells apart datasets that can be the data and datasets that hold something else."""

from __future__ import annotations

from typing import Any

from zm_cli.formats.hdf5.datasets import describe_dataset, numeric_dtype
from zm_cli.formats.hdf5.external import stored_shape
from zm_cli.formats.hdf5.matlab import count_axes, explain_not_data, is_matlab
from zm_cli.formats.hdf5.sparse import find_matrix

MAX_RANK = 5
HIDDEN = ("/#refs#/", "/#subsystem#/")
"""The groups in which MATLAB keeps the contents of its cells: datasets there are read only if they are named."""


def explain_other_use(dataset: Any) -> str | None:
    """Returns what an `h5py.Dataset` of numbers is if it is not an array; None if it may be data."""
    if (what := explain_not_data(dataset)) is not None:
        return what
    matrix = find_matrix(dataset)
    return None if matrix is None else f"part of the sparse matrix {matrix}"


def explain_unusable(dataset: Any) -> str | None:
    """Returns in a few words why an `h5py.Dataset` cannot be measured; None if it can. Opens no other file."""
    shape = stored_shape(dataset.id)
    if numeric_dtype(dataset) is None:
        return explain_not_data(dataset) or "not numbers"
    if (use := explain_other_use(dataset)) is not None:
        return use
    if shape is None or 0 in shape:
        return "empty"
    return None if 1 <= len(shape) <= MAX_RANK else f"{len(shape)} axes" if shape else "a single number"


def explain_passed_over(path: str, dataset: Any) -> str | None:
    """Returns in a few words why an `h5py.Dataset` at `path` is read only if it is named;
    None if it need not be named."""
    from h5py import h5ds

    if path.startswith(HIDDEN):
        return "contents of a MATLAB cell"
    # The coordinates of an axis (netCDF writes them) are not the data.
    return "coordinates of an axis" if h5ds.is_scale(dataset.id) else None


def find_candidates(datasets: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Returns the datasets that may be meant, of a list of paths and `h5py.Dataset`:
    those with several axes, or else with one."""
    usable = [entry for entry in datasets if explain_passed_over(*entry) is None and explain_unusable(entry[1]) is None]
    return [entry for entry in usable if _count_axes(entry[1]) >= 2] or usable


def describe_datasets(found: list[tuple[str, Any]]) -> list[str]:
    """Returns a description of each dataset of such a list: path, shape, type, and what it is if not data.
    Opens no other file."""
    shown = []
    for path, dataset in found:
        use = explain_other_use(dataset) or ("no values" if 0 in (stored_shape(dataset.id) or ()) else None)
        shown.append(describe_dataset(path, dataset) + (f" ({use})" if use else ""))
    return shown


def _count_axes(dataset: Any) -> int:
    shape = stored_shape(dataset.id) or ()
    return count_axes(shape) if is_matlab(dataset) else len(shape)
