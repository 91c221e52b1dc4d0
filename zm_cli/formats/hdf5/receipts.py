"""Finds the receipt of an HDF5 dataset: an attribute that says how zm transformed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.attributes import read_text_attribute
from zm_cli.formats.hdf5.datasets import list_datasets
from zm_cli.formats.hdf5.names import format_name
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.outputs.receipt import is_readable, parse_receipt
from zm_cli.outputs.shard_record import find_shard
from zm_cli.running.time_limit import limited

RECEIPT = "zm"
"""The name of the attribute."""


def find_receipt(path: str, dataset: str | None) -> Mapping[str, Any] | None:
    """Returns the receipt of `dataset` in the file at `path`, or if that is None the first receipt; None if there is
    none.

    The receipt of a part of a dataset comes before all others. Raises DataError if the file cannot be read.
    """
    with limited(path), open_file(path) as file:
        try:
            wanted = None if dataset is None else "/" + dataset.strip("/")
            receipts = [receipt for name, _, receipt in _list_receipts(file) if wanted in (None, name)]
        except H5PY_ERRORS as error:
            raise DataError(f"cannot be read: {explain_error(error)}", where=path) from error
    return next(filter(find_shard, receipts), receipts[0] if receipts else None)


def name_transformed(path: str) -> list[str]:
    """Returns the names of the datasets in the file at `path` that receipts say are transformed.

    Raises DataError if the file cannot be read.
    """
    with limited(path), open_file(path) as file:
        try:
            receipts = list(_list_receipts(file))
        except H5PY_ERRORS as error:
            raise DataError(f"cannot be read: {explain_error(error)}", where=path) from error
    return [format_name(name) for name, _, receipt in receipts if is_readable(receipt) and not receipt.get("inverse")]


def find_part(file: Any) -> tuple[str, Any]:
    """Returns the path and the `h5py.Dataset` of the dataset in `file` (an `h5py.File`) that is a part of an output.

    Raises DataError if there is none.
    """
    for name, dataset, receipt in _list_receipts(file):
        if find_shard(receipt) is not None:
            return name, dataset
    raise DataError("is not a part of an output", where=file.filename)


def _list_receipts(file: Any) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Yields the datasets with a receipt, each with its path."""
    for name, dataset in list_datasets(file):
        if (receipt := parse_receipt(read_text_attribute(dataset, RECEIPT))) is not None:
            yield name, dataset, receipt
