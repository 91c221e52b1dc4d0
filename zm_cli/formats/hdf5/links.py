"""Where a path in a file leads, link by link, so that none is followed out of the file unbidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zm_cli.errors import escape_controls

MOST_SOFT_LINKS = 16
"""On one way; the library's own limit."""
SHOWN = 12
"""How many links a description lists."""


@dataclass(frozen=True)
class ExternalLink:
    """A link out of the file on the way along a path, and where it points.

    `group` is the address of the group that holds it, under `name`; `last` says that the path ends with it.
    """

    group: int
    name: bytes
    filename: bytes
    target: bytes
    last: bool

    def describe(self) -> str:
        """What it is, for a message that begins with the path."""
        return f"leads to {show_name(self.target)} in another file, {show_name(self.filename)}"


def split_path(path: bytes) -> list[bytes]:
    """The names along a path; empty ones and `.` stand for the group itself, and `..` is a name like any other."""
    return [part for part in path.split(b"/") if part not in (b"", b".")]


def follow(file: Any, path: bytes) -> Any | ExternalLink | None:
    """What the absolute `path` leads to in a file (a low-level id): an object of it, a link out of it, or nothing.

    Raises RuntimeError where soft links lead in a circle, and what the library does where the file is damaged.
    """
    from h5py import h5g, h5l, h5o

    root = here = h5g.open(file, b"/")
    names = split_path(path)[::-1]
    soft = 0
    while names:
        name = names.pop()
        if not isinstance(here, h5g.GroupID) or not here.links.exists(name):
            return None
        kind = here.links.get_info(name).type
        if kind == h5l.TYPE_EXTERNAL:
            filename, target = here.links.get_val(name)
            return ExternalLink(int(h5o.get_info(here).addr), name, filename, target, not names)
        if kind == h5l.TYPE_SOFT:
            soft += 1
            if soft > MOST_SOFT_LINKS:
                raise RuntimeError("soft links lead in a circle, or on and on")
            target = here.links.get_val(name)
            names += split_path(target)[::-1]
            here = root if target.startswith(b"/") else here
        elif kind == h5l.TYPE_HARD:
            here = h5o.open(here, name)
        else:
            raise RuntimeError("a link on the way is of an unknown kind")
    return here


def leads_beyond(file: Any, path: bytes) -> bool:
    """Whether the way along `path` leaves the file (a low-level id) before its end."""
    found = follow(file, path)
    return isinstance(found, ExternalLink) and not found.last


def is_foreign(item: Any, file: Any) -> bool:
    """Whether an object (a low-level id) that was reached from a file (an `h5py.File`) lies in another."""
    from h5py import h5o

    return bool(h5o.get_info(item).fileno != h5o.get_info(file.id).fileno)


def walk(file: Any) -> Iterator[tuple[bytes, Any, Any, bytes]]:
    """Every link of a file (an `h5py.File`) in groups it has by hard links, in the order of names: the path, the object
    (a low-level id, None where the link is none of those or leads to an object that came before), group and name.

    The library's own way takes a piece of the stack for each level, and the square of their number in time.
    """
    from h5py import h5g, h5l, h5o

    root = h5g.open(file.id, b"/")
    known = {h5o.get_info(root).addr}
    levels = [(b"/", root, iter(_list_names(root)))]
    while levels:
        place, group, names = levels[-1]
        name = next(names, None)
        if name is None:
            levels.pop()
            continue
        item = h5o.open(group, name) if group.links.get_info(name).type == h5l.TYPE_HARD else None
        if item is not None:
            address = h5o.get_info(item).addr
            item = None if address in known else item
            known.add(address)
        yield place + name, item, group, name
        if isinstance(item, h5g.GroupID):
            levels.append((place + name + b"/", item, iter(_list_names(item))))


def _list_names(group: Any) -> list[bytes]:
    names: list[bytes] = []
    group.links.iterate(names.append)
    return names


def describe_external_links(file: Any) -> str:
    """The links out of a file (an `h5py.File`), and where they point; empty where there are none."""
    from h5py import h5l

    told = []
    for path, item, group, name in walk(file):
        if item is None and group.links.get_info(name).type == h5l.TYPE_EXTERNAL:
            filename, target = group.links.get_val(name)
            told.append(f"{show_name(path)} to {show_name(target)} in {show_name(filename)}")
    return ", ".join(told[:SHOWN] + [f"and {len(told) - SHOWN} more"] * (len(told) > SHOWN))


def encode_name(name: str) -> bytes:
    """A name as it stands in the file, from the text that `decode_name` makes of it."""
    return name.encode("utf-8", "surrogateescape")


def decode_name(name: bytes) -> str:
    """A name of the file as text, whatever its bytes are."""
    return name.decode("utf-8", "surrogateescape")


def show_name(name: bytes | str) -> str:
    """A name of the file as text that may be printed."""
    stored = encode_name(name) if isinstance(name, str) else name
    return escape_controls(stored.decode("utf-8", "replace"))
