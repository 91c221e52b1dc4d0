"""Describes a dataset for `inspect`: how it is stored, and what else the file holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from zm_cli.formats.hdf5.candidates import HIDDEN, describe_datasets
from zm_cli.formats.hdf5.datasets import list_datasets
from zm_cli.formats.hdf5.filters import FILTER_NAMES, GZIP
from zm_cli.formats.hdf5.links import describe_external_links
from zm_cli.formats.hdf5.mask_and_scale import MARKS
from zm_cli.formats.hdf5.names import format_name
from zm_cli.inputs.name_lists import list_few

LISTED = 40
"""How many other datasets are listed."""


def describe_dataset(file: Any, dataset: Any, others: list[tuple[str, Any]]) -> dict[str, str]:
    """Returns the facts of an `h5py.Dataset` in `file` (an `h5py.File`), name to text: its storage, its marks of
    missing values, the `others` of the file as `list_others` returns them, and the file's external links."""
    facts = describe_storage(dataset)
    marks = {name: dataset.attrs[name] for name in MARKS if name in dataset.attrs}
    if marks:
        shown = ", ".join(f"{np.squeeze(value)} ({name})" for name, value in marks.items())
        facts["marked as missing"] = format_name(shown)
    if others:
        facts["other datasets"] = list_few(describe_datasets(others[:LISTED]), LISTED, total=len(others))
    if links := describe_external_links(file):
        facts["external links"] = links
    return facts


def list_others(file: Any, dataset: Any) -> list[tuple[str, Any]]:
    """Returns the datasets of `file` (an `h5py.File`) other than `dataset`, as `list_datasets` does,
    without those in MATLAB cells."""
    return [entry for entry in list_datasets(file) if entry[1] != dataset and not entry[0].startswith(HIDDEN)]


def describe_storage(dataset: Any) -> dict[str, str]:
    """Returns the chunks and filters of an `h5py.Dataset`: `{"chunks": "100x28x28x1", "compression": "gzip-4 +
    shuffle"}`."""
    from h5py import h5d

    plist = dataset.id.get_create_plist()
    kind = plist.get_layout()
    if kind != h5d.CHUNKED:
        external = kind == h5d.CONTIGUOUS and plist.get_external_count()
        names = {h5d.COMPACT: "none (compact)", h5d.VIRTUAL: "none (virtual dataset)"}
        return {"chunks": "none (values in another file)" if external else names.get(kind, "none (contiguous)")}
    filters = []
    for code, _flags, values, stored_name in (plist.get_filter(index) for index in range(plist.get_nfilters())):
        name = FILTER_NAMES.get(code) or format_name(stored_name).split(";")[0] or f"filter {code}"
        filters.append(f"{name}-{values[0]}" if code == GZIP else name)
    # Filters that compress come before those that only prepare or check.
    filters.sort(key=lambda name: name in ("shuffle", "fletcher32"))
    return {"chunks": "x".join(map(str, dataset.chunks)), "compression": " + ".join(filters) or "none"}
