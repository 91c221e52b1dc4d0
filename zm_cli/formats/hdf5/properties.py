"""The properties that the output file and its groups are created with: those of the input, without time stamps."""

from __future__ import annotations

from itertools import chain
from typing import Any

from zm_cli.formats.hdf5.links import walk_links


def file_creation_list(file: Any) -> Any:
    """Returns the file creation list for the output: that of the input (an `h5py.File`), including its user block and
    the properties of its root group."""
    plist = file.id.get_create_plist()
    root = file["/"].id.get_create_plist()
    _copy_properties(root, plist)
    return plist


def group_creation_list(group: Any) -> Any:
    """Returns the group creation list for a copy of a group (a low-level id), without a time stamp.

    It is a new list: for a group with many links, the library keeps in the old list where its file stores the links.
    """
    from h5py import h5p

    old, plist = group.get_create_plist(), h5p.create(h5p.GROUP_CREATE)
    _copy_properties(old, plist)
    return plist


def _copy_properties(old: Any, new: Any) -> None:
    """Copies what a group creation list says about orders and attributes to another one, and turns off time stamps."""
    new.set_link_creation_order(old.get_link_creation_order())
    new.set_attr_creation_order(old.get_attr_creation_order())
    new.set_attr_phase_change(*old.get_attr_phase_change())
    new.set_obj_track_times(False)


def needs_new_headers(file: Any) -> bool:
    """Returns whether an object of the file has a header of the newer kind, which alone can hold large attributes."""
    from h5py import h5o

    for item in chain([file.id], (link.item for link in walk_links(file) if link.item is not None)):
        # The name `info` is needed: `hdr` reads the memory of the whole, but does not keep it alive.
        info = h5o.get_info(item)
        if info.hdr.version > 1:
            return True
    return False
