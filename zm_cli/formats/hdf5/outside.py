"""Which values of a dataset lie in other files: raw data, and what a virtual dataset is put together from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from zm_cli.formats.hdf5.access import address_of
from zm_cli.formats.hdf5.links import ExternalLink, encode_name, follow, show_name

MOST_NESTED = 16
"""Virtual datasets made of virtual ones, and so on; the library takes a piece of the stack for each."""
PREFIX = "HDF5_VDS_PREFIX"
"""The environment's folders in which the library looks for sources of virtual datasets."""


def is_virtual(dataset: Any) -> bool:
    """Whether a dataset (a low-level id) is put together from others."""
    from h5py import h5d

    return bool(dataset.get_create_plist().get_layout() == h5d.VIRTUAL)


def is_external(dataset: Any) -> bool:
    """Whether the values of a dataset (a low-level id) lie as raw data in other files."""
    from h5py import h5d

    plist = dataset.get_create_plist()
    return bool(plist.get_layout() == h5d.CONTIGUOUS and plist.get_external_count())


def stored_space(dataset: Any) -> Any:
    """The dataspace of a dataset (a low-level id) as its own file has it.

    To ask the library for that of a virtual dataset that can grow would open its sources.
    """
    plist = dataset.get_create_plist()
    if not is_virtual(dataset) or not plist.get_virtual_count():
        return dataset.get_space().copy()
    space = plist.get_virtual_vspace(0).copy()
    space.select_all()
    return space


def stored_shape(dataset: Any) -> tuple[int, ...] | None:
    """The shape of a dataset (a low-level id) as its own file has it, None for a null dataspace."""
    from h5py import h5s

    space = stored_space(dataset)
    if space.get_simple_extent_type() == h5s.NULL:
        return None
    shape: tuple[int, ...] = space.get_simple_extent_dims()
    return shape


def find_outside(dataset: Any, path: str) -> str | None:
    """What of the values of a dataset (a low-level id) of the file at `path` lies in other files, as the end of a
    sentence; None where nothing does.

    Nothing is opened but `path`. Raises RuntimeError where virtual datasets are made of themselves.
    """
    return _find_outside(dataset, path, (), set())


def _find_outside(dataset: Any, path: str, above: tuple[int, ...], harmless: set[int]) -> str | None:
    from h5py import h5d, h5i

    plist = dataset.get_create_plist()
    if is_external(dataset):
        return f"has its values in another file, {show_name(plist.get_external(0)[0])}"
    if not is_virtual(dataset):
        return None
    address = address_of(dataset)
    if address in above or len(above) == MOST_NESTED:
        raise RuntimeError("virtual datasets are made of themselves, or nested too deep")
    if address in harmless:
        return None
    file = h5i.get_file_id(dataset)
    seen: set[tuple[str, str]] = set()
    for index in range(plist.get_virtual_count()):
        filename, source = plist.get_virtual_filename(index), plist.get_virtual_dsetname(index)
        if (filename, source) in seen:
            continue
        seen.add((filename, source))
        if not _is_same_file(filename, path):
            return f"is virtual, with values from another file, {show_name(filename)}"
        for item in _list_sources(file, source):
            if isinstance(item, ExternalLink):
                return f"is virtual, and its source {show_name(source)} {item.describe()}"
            inner = _find_outside(item, path, (*above, address), harmless) if isinstance(item, h5d.DatasetID) else None
            if inner is not None:
                return f"is virtual, and its source {show_name(source)} {inner}"
    harmless.add(address)
    return None


def list_missing_sources(dataset: Any, path: str) -> list[str]:
    """What a virtual dataset (a low-level id) of the file at `path` is put together from that is not there.

    The library reads fill values in its place. Of other files, only whether they exist is looked at.
    """
    from h5py import h5i

    if not is_virtual(dataset):
        return []
    plist, file = dataset.get_create_plist(), h5i.get_file_id(dataset)
    names = [
        (plist.get_virtual_filename(at), plist.get_virtual_dsetname(at)) for at in range(plist.get_virtual_count())
    ]
    missing = []
    for filename, source in dict.fromkeys(names):
        if filename == ".":
            there = next(_list_sources(file, source), None) is not None
        else:
            there = _is_numbered(filename) or bool(_find_files(filename, path))
        if not there:
            missing.append(show_name(source if filename == "." else filename))
    return list(dict.fromkeys(missing))


def _list_sources(file: Any, name: str) -> Iterator[Any]:
    """What the name of a source may stand for in a file, as the library numbers it: from 0 to the first that is not."""
    for number in count():
        items = [follow(file, encode_name(shown)) for shown in _fill_in(name, number)]
        yield from (item for item in items if item is not None)
        if not _is_numbered(name) or all(item is None for item in items):
            return


def _is_numbered(name: str) -> bool:
    return "%b" in name.replace("%%", "")


def _fill_in(name: str, number: int) -> set[str]:
    """The names that a pattern may mean: `%b` is a number, and `%%` one sign where there is a `%b`."""
    filled = re.sub("%[%b]", lambda found: "%" if found[0] == "%%" else str(number), name)
    return {filled} if _is_numbered(name) else {filled, name}


def _is_same_file(filename: str, path: str) -> bool:
    """Whether the library finds the file at `path` itself under the name of a source, in every place it looks."""
    if filename == ".":
        return True
    there = [] if _is_numbered(filename) else _find_files(filename, path)
    return bool(there) and all(os.path.samefile(place, path) for place in there)


def _find_files(filename: str, path: str) -> list[str]:
    """The files that the library may find under the name of a source of the file at `path`."""
    home = os.path.dirname(os.path.abspath(path))
    folders = [folder.replace("${ORIGIN}", home) for folder in os.environ.get(PREFIX, "").split(":")]
    folders += [home, os.path.dirname(os.path.realpath(path)), ""]
    # An absolute name that is not there is looked for by its last part.
    names = {part for shown in _fill_in(filename, 0) for part in (shown, os.path.basename(shown))}
    places = {os.path.join(folder, name) for folder in folders for name in names}
    return sorted(place for place in places if os.path.exists(place))
