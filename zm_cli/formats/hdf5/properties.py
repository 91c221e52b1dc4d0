"""How the output file and its groups are created: with what decides the order and kind of what they hold."""

from __future__ import annotations

from itertools import chain
from typing import Any

from zm_cli.formats.hdf5.links import walk_links


def file_creation_list(file: Any) -> Any:
    """The file creation list for the output: that of the input (an `h5py.File`), with its user block and the properties
    of its root group."""
    plist = file.id.get_create_plist()
    root = file["/"].id.get_create_plist()
    _copy_properties(root, plist)
    return plist


def group_creation_list(group: Any) -> Any:
    """The group creation list for a copy of a group (a low-level id), without a time stamp.

    It is made anew: in the list of a group with many links, the library keeps the addresses where its file stores them.
    """
    from h5py import h5p

    old, plist = group.get_create_plist(), h5p.create(h5p.GROUP_CREATE)
    _copy_properties(old, plist)
    return plist


def _copy_properties(old: Any, new: Any) -> None:
    """Sets what a group creation list says of orders and attributes in another one, and leaves out time stamps."""
    new.set_link_creation_order(old.get_link_creation_order())
    new.set_attr_creation_order(old.get_attr_creation_order())
    new.set_attr_phase_change(*old.get_attr_phase_change())
    new.set_obj_track_times(False)


def needs_new_headers(file: Any) -> bool:
    """Whether an object of the file has a header of the newer kind, the only one that can hold large attributes."""
    from h5py import h5o

    for item in chain([file.id], (link.item for link in walk_links(file) if link.item is not None)):
        # h5py needs the name: its `hdr` reads from the memory of the whole, and does not keep it.
        info = h5o.get_info(item)
        if info.hdr.version > 1:
            return True
    return False
