"""Creates one dataset alone in a new file, with the groups above it: a later part of an output."""

from __future__ import annotations

from typing import Any

from zm_cli.formats.hdf5.attributes import copy_plain_attributes, describe_lost
from zm_cli.formats.hdf5.copy import Create
from zm_cli.formats.hdf5.names import encode_name, split_path


def copy_alone(target: Any, replaced: Any, name: str, create: Create, left_out: frozenset[bytes]) -> list[str]:
    """Creates a new dataset at the path `name` in `target` (the low-level id of a new file) by `create`, and only the
    groups above it; returns notes on what could not be kept.

    The attributes of `replaced` (an `h5py.Dataset`) are copied, except those in `left_out`.
    """
    from h5py import h5g, h5o

    path = encode_name(name)
    *above, last = split_path(path)
    group = h5g.open(target, b"/")
    for part in above:
        group = h5g.create(group, part, None, _untimed_group())
    notes = create(group, last, None)
    return notes + describe_lost(path, copy_plain_attributes(replaced.id, h5o.open(group, last), left_out))


def _untimed_group() -> Any:
    from h5py import h5p

    plist = h5p.create(h5p.GROUP_CREATE)
    plist.set_obj_track_times(False)
    return plist
