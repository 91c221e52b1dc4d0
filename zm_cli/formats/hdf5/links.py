"""Follows and lists the links of an HDF5 file, without ever opening another file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from zm_cli.formats.hdf5.names import format_name, split_path
from zm_cli.inputs.name_lists import list_few

MAX_SOFT_LINKS = 16
"""The most soft links that are followed along one path; the library has the same limit."""
LISTED = 12
"""The most links that a description lists."""


@dataclass(frozen=True)
class ExternalLink:
    """A link to another file that was met on a path: to the object `target` of the file `filename`.

    `group` is the address of the group that holds the link as `name`; `last` says whether the path ends with it.
    """

    group: int
    name: bytes
    filename: bytes
    target: bytes
    last: bool

    def describe(self) -> str:
        """Returns where the link leads, for a message that begins with its path."""
        return f"leads to {format_name(self.target)} in another file, {format_name(self.filename)}"


class Link(NamedTuple):
    """The link `name` of `group` (a low-level id) and its `path`.

    `item` is the object that it leads to (a low-level id); None for a link that is not a hard link, and for a hard link
    to an object that was already found by another path.
    """

    path: bytes
    item: Any
    group: Any
    name: bytes


def address_of(item: Any) -> int:
    """Returns the address of an object (a low-level id of a group, dataset or named type);
    all its hard links give the same."""
    from h5py import h5o

    return int(h5o.get_info(item).addr)


def follow(file: Any, path: bytes) -> Any | ExternalLink | None:
    """Returns where the absolute `path` leads in a file (a low-level id): to an object (a low-level id), to the first
    link on the path that leads to another file, or to None if there is nothing.

    Raises RuntimeError if soft links lead in a circle, and H5PY_ERRORS if the file is damaged.
    """
    from h5py import h5g, h5l, h5o

    root = here = h5g.open(file, b"/")
    names = split_path(path)[::-1]
    soft_links = 0
    while names:
        name = names.pop()
        if not isinstance(here, h5g.GroupID) or not here.links.exists(name):
            return None
        kind = here.links.get_info(name).type
        if kind == h5l.TYPE_EXTERNAL:
            filename, target = here.links.get_val(name)
            return ExternalLink(address_of(here), name, filename, target, not names)
        if kind == h5l.TYPE_SOFT:
            soft_links += 1
            if soft_links > MAX_SOFT_LINKS:
                raise RuntimeError("soft links lead in a circle, or there are too many")
            target = here.links.get_val(name)
            names += split_path(target)[::-1]
            here = root if target.startswith(b"/") else here
        elif kind == h5l.TYPE_HARD:
            here = h5o.open(here, name)
        else:
            raise RuntimeError("a link on the path is of an unknown kind")
    return here


def passes_external_link(file: Any, path: bytes) -> bool:
    """Returns whether `path` continues after a link from the file (a low-level id) to another one."""
    found = follow(file, path)
    return isinstance(found, ExternalLink) and not found.last


def is_in_another_file(item: Any, file: Any) -> bool:
    """Returns whether an object (a low-level id) that was reached from a file (an `h5py.File`) lies in another one."""
    from h5py import h5o

    return bool(h5o.get_info(item).fileno != h5o.get_info(file.id).fileno)


def walk_links(file: Any) -> Iterator[Link]:
    """Yields every link of a file (an `h5py.File`), depth first, in the order of names; only hard links are followed.

    The library's own function recurses for each level and takes time quadratic in the number of levels.
    """
    from h5py import h5g, h5l, h5o

    root = h5g.open(file.id, b"/")
    known = {address_of(root)}
    levels = [(b"/", root, iter(_list_names(root)))]
    while levels:
        prefix, group, names = levels[-1]
        name = next(names, None)
        if name is None:
            levels.pop()
            continue
        item = h5o.open(group, name) if group.links.get_info(name).type == h5l.TYPE_HARD else None
        if item is not None:
            address = address_of(item)
            item = None if address in known else item
            known.add(address)
        yield Link(prefix + name, item, group, name)
        if isinstance(item, h5g.GroupID):
            levels.append((prefix + name + b"/", item, iter(_list_names(item))))


def _list_names(group: Any) -> list[bytes]:
    names: list[bytes] = []
    group.links.iterate(names.append)
    return names


def describe_external_links(file: Any) -> str:
    """Returns the links of a file (an `h5py.File`) to other files, with their targets; empty if there are none."""
    from h5py import h5l

    shown = []
    for path, item, group, name in walk_links(file):
        if item is None and group.links.get_info(name).type == h5l.TYPE_EXTERNAL:
            filename, target = group.links.get_val(name)
            shown.append(f"{format_name(path)} to {format_name(target)} in {format_name(filename)}")
    return list_few(shown, LISTED)
