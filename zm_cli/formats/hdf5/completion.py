"""Completes the path of a dataset in a shell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from zm_cli.data.options import Option

MAX_LINKS = 20_000
"""The most links of the file that are looked at."""
SECONDS = 0.5
"""The time after which no more links are looked at."""


def complete_dataset(path: str, begun: str) -> Iterator[tuple[str, str]]:
    """Returns the paths of numeric datasets that begin with `begun`, with shape and type; none if the file cannot be
    read.

    The paths begin with a slash if `begun` does or is empty.
    """

    def is_data(dataset: Any) -> bool:
        from zm_cli.formats.hdf5.candidates import explain_other_use
        from zm_cli.formats.hdf5.datasets import numeric_dtype

        return numeric_dtype(dataset) is not None and explain_other_use(dataset) is None

    return _complete(path, begun, is_data)


def complete_beside(option: Option[str], path: str, begun: str) -> Iterator[tuple[str, str]]:
    """Returns, like `complete_dataset`, the datasets that can be the labels, weights or mask that the option names."""

    def is_beside(dataset: Any) -> bool:
        from zm_cli.formats.hdf5.beside import explain_misfit
        from zm_cli.formats.hdf5.external import stored_shape
        from zm_cli.formats.shared.beside_shapes import may_be_beside

        return explain_misfit(option, dataset) is None and may_be_beside(option, stored_shape(dataset.id) or ())

    return _complete(path, begun, is_beside)


def _complete(path: str, begun: str, is_wanted: Callable[[Any], bool]) -> Iterator[tuple[str, str]]:
    rooted = begun.startswith("/") or not begun
    start = begun if rooted else f"/{begun}"
    for name, description in _find_datasets(path, start, is_wanted):
        if name.isprintable():
            yield name if rooted else name.removeprefix("/"), description


def _find_datasets(path: str, begun: str, is_wanted: Callable[[Any], bool]) -> Iterator[tuple[str, str]]:
    # The shell waits for the answer, so h5py is loaded only now, when there is something to complete.
    import h5py
    from h5py import h5d

    from zm_cli.formats.hdf5.access import open_file
    from zm_cli.formats.hdf5.datasets import describe_type
    from zm_cli.formats.hdf5.external import stored_shape
    from zm_cli.formats.hdf5.links import walk_links
    from zm_cli.formats.hdf5.names import decode_name, encode_name
    from zm_cli.outputs.hdf5_errors import H5PY_ERRORS

    end = time.monotonic() + SECONDS
    try:
        with open_file(path) as file:
            for count, link in enumerate(walk_links(file)):
                if count == MAX_LINKS or time.monotonic() > end:
                    return
                if not isinstance(link.item, h5d.DatasetID) or not link.path.startswith(encode_name(begun)):
                    continue
                dataset = h5py.Dataset(link.item)
                if is_wanted(dataset):
                    yield decode_name(link.path), f"{stored_shape(link.item)} {describe_type(dataset)}"
    except H5PY_ERRORS:
        return
