"""Finds the receipt of an HDF5 dataset: an attribute that says how zm transformed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.attributes import read_text_attribute
from zm_cli.formats.hdf5.datasets import list_datasets
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.outputs.receipt import parse_receipt
from zm_cli.running.time_limit import limited

RECEIPT = "zm"
"""The name of the attribute."""


def find_receipt(path: str, dataset: str | None) -> Mapping[str, Any] | None:
    """The receipt of `dataset` in the file at `path`, or without `dataset` the first receipt there; None without one.

    Raises DataError where the file cannot be read.
    """
    with limited(path), open_file(path) as file:
        try:
            wanted = None if dataset is None else "/" + dataset.strip("/")
            for name, found in list_datasets(file):
                if wanted not in (None, name):
                    continue
                if (receipt := parse_receipt(read_text_attribute(found, RECEIPT))) is not None:
                    return receipt
        except H5PY_ERRORS as error:
            raise DataError(f"cannot be read: {explain_error(error)}", where=path) from error
    return None
