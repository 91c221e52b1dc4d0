"""Finds out whether the values of a dataset lie in other files: as raw data, or as the sources of a virtual dataset."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from zm_cli.formats.hdf5.links import ExternalLink, address_of, follow
from zm_cli.formats.hdf5.names import encode_name, format_name

MAX_NESTED = 16
"""How deep virtual datasets may be nested; the library recurses for each level."""
PREFIX = "HDF5_VDS_PREFIX"
"""The environment variable with folders in which the library looks for sources of virtual datasets."""


def is_virtual(dataset: Any) -> bool:
    """Returns whether a dataset (a low-level id) is virtual: put together from others."""
    from h5py import h5d

    return bool(dataset.get_create_plist().get_layout() == h5d.VIRTUAL)


def is_external(dataset: Any) -> bool:
    """Returns whether the values of a dataset (a low-level id) lie as raw data in other files."""
    from h5py import h5d

    plist = dataset.get_create_plist()
    return bool(plist.get_layout() == h5d.CONTIGUOUS and plist.get_external_count())


def stored_space(dataset: Any) -> Any:
    """Returns the dataspace of a dataset (a low-level id) as stored in its own file.

    For a virtual dataset that can grow, `get_space` would open its sources.
    """
    plist = dataset.get_create_plist()
    if not is_virtual(dataset) or not plist.get_virtual_count():
        return dataset.get_space().copy()
    space = plist.get_virtual_vspace(0).copy()
    space.select_all()
    return space


def stored_shape(dataset: Any) -> tuple[int, ...] | None:
    """Returns the shape of a dataset (a low-level id) as stored in its own file, None for a null dataspace."""
    from h5py import h5s

    space = stored_space(dataset)
    if space.get_simple_extent_type() == h5s.NULL:
        return None
    shape: tuple[int, ...] = space.get_simple_extent_dims()
    return shape


def find_other_file(dataset: Any, path: str) -> str | None:
    """Returns which values of a dataset (a low-level id) of the file at `path` lie in another file, as the end of a
    sentence; None if all lie in this one.

    Opens no other file. Raises RuntimeError if virtual datasets are made of themselves.
    """
    return _find_other_file(dataset, path, (), set())


def _find_other_file(dataset: Any, path: str, above: tuple[int, ...], harmless: set[int]) -> str | None:
    """Returns what `find_other_file` returns.

    `above` are the addresses of the virtual datasets that `dataset` is a source of; `harmless` are those of virtual
    datasets that were found to lie in this file only.
    """
    from h5py import h5d, h5i

    plist = dataset.get_create_plist()
    if is_external(dataset):
        return f"has its values in another file, {format_name(plist.get_external(0)[0])}"
    if not is_virtual(dataset):
        return None
    address = address_of(dataset)
    if address in above or len(above) == MAX_NESTED:
        raise RuntimeError("virtual datasets are made of themselves, or nested too deep")
    if address in harmless:
        return None
    file = h5i.get_file_id(dataset)
    for filename, source in _list_source_names(plist):
        if not _is_same_file(filename, path):
            return f"is virtual, with values from another file, {format_name(filename)}"
        for item in _find_sources(file, source):
            if isinstance(item, ExternalLink):
                return f"is virtual, and its source {format_name(source)} {item.describe()}"
            if not isinstance(item, h5d.DatasetID):
                continue
            elsewhere = _find_other_file(item, path, (*above, address), harmless)
            if elsewhere is not None:
                return f"is virtual, and its source {format_name(source)} {elsewhere}"
    harmless.add(address)
    return None


def list_missing_sources(dataset: Any, path: str) -> list[str]:
    """Returns the sources of a virtual dataset (a low-level id) of the file at `path` that do not exist, by name.

    The library reads fill values in their place. Other files are not opened, only looked for.
    """
    from h5py import h5i

    if not is_virtual(dataset):
        return []
    file = h5i.get_file_id(dataset)
    missing = []
    for filename, source in _list_source_names(dataset.get_create_plist()):
        if filename == ".":
            exists = next(_find_sources(file, source), None) is not None
        else:
            exists = _is_numbered(filename) or bool(_find_files(filename, path))
        if not exists:
            missing.append(format_name(source if filename == "." else filename))
    return list(dict.fromkeys(missing))


def _list_source_names(plist: Any) -> list[tuple[str, str]]:
    """Returns the sources of a virtual dataset as (file name, dataset name), each once."""
    names = (
        (plist.get_virtual_filename(index), plist.get_virtual_dsetname(index))
        for index in range(plist.get_virtual_count())
    )
    return list(dict.fromkeys(names))


def _find_sources(file: Any, name: str) -> Iterator[Any]:
    """Yields what a source's name leads to in a file; a numbered name is tried from 0 up to the first
    missing number."""
    for number in count():
        items = [follow(file, encode_name(possible)) for possible in _insert_number(name, number)]
        yield from (item for item in items if item is not None)
        if not _is_numbered(name) or all(item is None for item in items):
            return


def _is_numbered(name: str) -> bool:
    return "%b" in name.replace("%%", "")


def _insert_number(name: str, number: int) -> set[str]:
    """Returns the names that a pattern can mean: `%b` stands for the number, and in such a pattern `%%` for `%`."""
    inserted = re.sub("%[%b]", lambda found: "%" if found[0] == "%%" else str(number), name)
    return {inserted} if _is_numbered(name) else {inserted, name}


def _is_same_file(filename: str, path: str) -> bool:
    """Returns whether the library finds only the file at `path`, wherever it looks for the file name of a source."""
    if filename == ".":
        return True
    found = [] if _is_numbered(filename) else _find_files(filename, path)
    return bool(found) and all(os.path.samefile(each, path) for each in found)


def _find_files(filename: str, path: str) -> list[str]:
    """Returns the existing files that the library could take for `filename`,
    which a source in the file at `path` names."""
    home = os.path.dirname(os.path.abspath(path))
    folders = [folder.replace("${ORIGIN}", home) for folder in os.environ.get(PREFIX, "").split(os.pathsep)]
    folders += [home, os.path.dirname(os.path.realpath(path)), ""]
    # An absolute name that does not exist is looked for by its last part.
    names = {part for possible in _insert_number(filename, 0) for part in (possible, os.path.basename(possible))}
    paths = {os.path.join(folder, name) for folder in folders for name in names}
    return sorted(each for each in paths if os.path.exists(each))
