"""Finds the layout of a dataset: the one declared in the file, or else the only one that its shape allows."""

from __future__ import annotations

from typing import Any

from zm_cli.formats.hdf5.attributes import read_text_attribute
from zm_cli.formats.hdf5.matlab import describe_axes, guess_matlab_layout, is_matlab
from zm_cli.formats.shared.layout import guess_layout, is_layout
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS


def find_layout(dataset: Any) -> str | None:
    """Returns the layout that an `h5py.Dataset` declares, or else the only one that its shape allows; None if neither
    exists.

    Arrays of MATLAB have the layout that MATLAB's conventions imply.
    """
    guess = guess_matlab_layout if is_matlab(dataset) else guess_layout
    return declared_layout(dataset) or guess(dataset.shape)


def describe_guess(dataset: Any) -> str | None:
    """Returns a note on the layout that was guessed for an `h5py.Dataset`; None if there is nothing to note."""
    if declared_layout(dataset) is not None or not is_matlab(dataset):
        return None
    return describe_axes(dataset.shape, guess_matlab_layout(dataset.shape))


def declared_layout(dataset: Any) -> str | None:
    """Returns the layout in the dataset's `layout` attribute, or else in its dimension labels;
    None if neither exists."""
    rank = len(dataset.shape)
    letters = read_text_attribute(dataset, "layout")
    if letters is not None and is_layout(letters, rank):
        return letters
    try:
        labels = [str(dimension.label) for dimension in dataset.dims]
    except H5PY_ERRORS:
        return None
    joined = "".join(labels)
    return joined if all(len(label) == 1 for label in labels) and is_layout(joined, rank) else None
