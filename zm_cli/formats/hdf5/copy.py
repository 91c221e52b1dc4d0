"""Everything in an HDF5 file copied to another, except one dataset, which is made anew for new values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np

from zm_cli.errors import DataError
from zm_cli.formats.hdf5.access import ERRORS, address_of, explain
from zm_cli.formats.hdf5.attributes import copy_attributes, has_pointers, list_attributes
from zm_cli.formats.hdf5.links import ExternalLink, encode_name, follow, show_name, walk
from zm_cli.formats.hdf5.outside import is_external, is_virtual, stored_space
from zm_cli.formats.hdf5.references import Referrer, slabs
from zm_cli.running.time_limit import limited

Create = Callable[[Any, bytes, Any], list[str]]
"""Makes the dataset anew in a group, under a name, with a link creation list; returns notes."""


def creation_list(file: Any) -> Any:
    """The properties to create the output with: those of the input, its root group's and its user block's too."""
    plist = file.id.get_create_plist()
    root = file["/"].id.get_create_plist()
    plist.set_link_creation_order(root.get_link_creation_order())
    plist.set_attr_creation_order(root.get_attr_creation_order())
    plist.set_attr_phase_change(*root.get_attr_phase_change())
    plist.set_obj_track_times(False)
    return plist


def needs_new_headers(file: Any) -> bool:
    """Whether an object of the file has a header of the newer kind, which alone can hold large attributes."""
    from h5py import h5o

    objects = (item for _path, item, *_ in walk(file) if item is not None)
    return any(h5o.get_info(item).hdr.version > 1 for item in chain([file.id], objects))


class FileCopy:
    """A copy of the contents of `source` (an `h5py.File`) in `target` (a new file's id).

    Groups are made anew, other datasets copied as they are stored, and links of every kind made again, not followed.
    `special` is the dataset that `create` makes, at `name`; where it lies in another file, it takes the place of the
    link to it. `own` names its attributes that are not copied. After `run`, `notes` says what could not be kept. Raises
    DataError naming the object that cannot be copied.
    """

    def __init__(
        self, source: Any, target: Any, special: Any, name: str, create: Create, own: frozenset[bytes]
    ) -> None:
        self.notes: list[str] = []
        self._source = source
        self._target = target
        way = follow(source.id, encode_name(name))
        self._foreign = special.id if isinstance(way, ExternalLink) else None
        self._link = (way.group, way.name) if isinstance(way, ExternalLink) else None
        self._special = address_of(special.id) if self._foreign is None else None
        self._create = create
        self._own = own
        self._paths: dict[int, bytes] = {}
        self._types: dict[int, bytes] = {}
        self._type_group: Any = None
        self._referring: list[tuple[bytes, list[bytes], bool]] = []

    def run(self) -> None:
        """Copies it all."""
        from h5py import h5g

        root = h5g.open(self._source.id, b"/")
        here = h5g.open(self._target, b"/")
        type_group = self._copy_named_types(here)
        self._paths[address_of(root)] = b"/"
        self._copy_attributes(root, here, b"/")
        waiting = [(root, here, b"/")]
        while waiting:
            waiting += self._copy_links(*waiting.pop())
        self._fix_references()
        self._type_group = None
        if type_group is not None:
            here.unlink(type_group)

    def _copy_named_types(self, root: Any) -> bytes | None:
        """Copies named types to a group of their own for the time being, so that all that use them can find them."""
        from h5py import h5g, h5o, h5t

        found = [(address_of(item), path) for path, item, *_ in walk(self._source) if isinstance(item, h5t.TypeID)]
        if not found:
            return None
        group = b".zm-types"
        while group in self._source.id:
            group += b"-"
        self._type_group = h5g.create(root, group)
        for index, (address, name) in enumerate(found):
            self._types[address] = str(index).encode()
            self._copy_object(self._source.id, name, self._type_group, self._types[address], None, name)
            self._note_references(h5o.open(self._source.id, name), name)
        return group

    def _find_type(self, stored: Any) -> Any:
        from h5py import h5o

        name = self._types.get(address_of(stored)) if stored.committed() else None
        return h5o.open(self._type_group, name) if name is not None else stored.copy()

    def _copy_links(self, group: Any, here: Any, place: bytes) -> list[tuple[Any, Any, bytes]]:
        """Makes every link of a group again and returns its subgroups, whose links are yet to be made."""
        from h5py import h5, h5l, h5p

        names: list[bytes] = []
        tracked = group.get_create_plist().get_link_creation_order() & h5p.CRT_ORDER_TRACKED
        group.links.iterate(names.append, idx_type=h5.INDEX_CRT_ORDER if tracked else h5.INDEX_NAME)
        inner: list[tuple[Any, Any, bytes]] = []
        for name in names:
            path = place.rstrip(b"/") + b"/" + name
            info = group.links.get_info(name)
            link = h5p.create(h5p.LINK_CREATE)
            link.set_char_encoding(info.cset)
            if info.type == h5l.TYPE_SOFT:
                here.links.create_soft(name, group.links.get_val(name), link)
            elif info.type == h5l.TYPE_EXTERNAL and (address_of(group), name) == self._link:
                self._place_foreign(here, name, path, link)
            elif info.type == h5l.TYPE_EXTERNAL:
                here.links.create_external(name, *group.links.get_val(name), link)
            elif info.type == h5l.TYPE_HARD:
                try:
                    inner += self._copy_hard_link(group, here, name, path, link)
                except ERRORS as error:
                    raise self._failure(path, error) from error
            else:
                self.notes.append(f"the link {show_name(path)} is of a kind that cannot be copied")
        return inner

    def _place_foreign(self, here: Any, name: bytes, path: bytes, link: Any) -> None:
        from h5py import h5a, h5o

        self.notes += self._create(here, name, link)
        # What its references and named types lead to is in the other file.
        made = h5o.open(here, name)
        referring, lost = copy_attributes(self._foreign, made, lambda stored: stored.copy(), self._own)
        lost += [f"{show_name(attribute)} (it refers to another file)" for attribute in referring]
        for attribute in referring:
            h5a.delete(made, attribute)
        self._note_lost(path, lost)

    def _copy_hard_link(
        self, group: Any, here: Any, name: bytes, path: bytes, link: Any
    ) -> list[tuple[Any, Any, bytes]]:
        from h5py import h5g, h5o

        item = h5o.open(group, name)
        address = address_of(item)
        known = self._paths.setdefault(address, path)
        if known != path:
            here.links.create_hard(name, self._root(), known, link)
        elif address in self._types:
            h5o.link(h5o.open(self._type_group, self._types[address]), here, name, link)
        elif isinstance(item, h5g.GroupID):
            plist = item.get_create_plist()
            plist.set_obj_track_times(False)
            made = h5g.create(here, name, link, plist)
            self._copy_attributes(item, made, path)
            return [(item, made, path)]
        elif address == self._special:
            self.notes += self._create(here, name, link)
            self._copy_attributes(item, h5o.open(here, name), path, self._own)
        else:
            self._copy_dataset(group, here, name, path, link, item)
        return []

    def _copy_dataset(self, group: Any, here: Any, name: bytes, path: bytes, link: Any, item: Any) -> None:
        referring = self._note_references(item, path)
        stamped = referring and item.get_create_plist().get_obj_track_times()
        if stamped or item.get_type().committed():
            # To fill in a reference later would stamp such an object with the time of this run. And a copy would have
            # a named type of its own: the library's flag for sharing the one that is there can crash it (1.14, 2.0).
            self._remake_dataset(here, name, path, link, item)
        else:
            self._copy_object(group, name, here, name, link, path)

    def _copy_object(self, group: Any, name: bytes, here: Any, new: bytes, link: Any, path: bytes) -> None:
        from h5py import h5o, h5p

        plist = h5p.create(h5p.OBJECT_COPY)
        try:
            h5o.copy(group, name, here, new, plist, link)
        except ERRORS as error:
            raise self._failure(path, error) from error

    def _remake_dataset(self, here: Any, name: bytes, path: bytes, link: Any, item: Any) -> None:
        """Makes the same dataset without time stamps and fills it piece by piece."""
        from h5py import h5d, h5s, h5t

        plist = item.get_create_plist()
        plist.set_obj_track_times(False)
        stored = item.get_type()
        made = h5d.create(here, name, self._find_type(stored), stored_space(item), plist, link)
        self._copy_attributes(item, made, path, noted=True)
        elsewhere = is_virtual(item) or is_external(item)
        if elsewhere or stored.detect_class(h5t.REFERENCE) or item.get_storage_size() == 0:
            return
        dtype = item.dtype if has_pointers(stored) else np.dtype(f"V{stored.get_size()}")
        memory_type = None if has_pointers(stored) else stored
        for space, count in slabs(item):
            values = np.empty(count, dtype)
            memory = h5s.create_simple(count) if count else h5s.create(h5s.SCALAR)
            # Each piece has its time: what is packed may be very much more than the file.
            with limited(self._source.filename):
                item.read(memory, space, values, memory_type)
                made.write(memory, space, values, memory_type)

    def _copy_attributes(
        self, source: Any, target: Any, path: bytes, leave: frozenset[bytes] = frozenset(), *, noted: bool = False
    ) -> None:
        referring, lost = copy_attributes(source, target, self._find_type, leave)
        if referring and not noted:
            self._referring.append((path, referring, False))
        self._note_lost(path, lost)

    def _note_lost(self, path: bytes, lost: list[str]) -> None:
        self.notes += [f"{show_name(path)} is written without its attribute {attribute}" for attribute in lost]

    def _note_references(self, item: Any, path: bytes) -> bool:
        """Keeps in mind which attributes of an object, and whether its values, hold references to be filled in."""
        from h5py import h5a, h5d, h5t

        names = [name for name in list_attributes(item) if h5a.open(item, name).get_type().detect_class(h5t.REFERENCE)]
        values = isinstance(item, h5d.DatasetID) and bool(item.get_type().detect_class(h5t.REFERENCE))
        if names or values:
            self._referring.append((path, names, values))
        return bool(names)

    def _fix_references(self) -> None:
        from h5py import h5o

        referrer = Referrer(self._source.id, self._target, self._paths)
        for path, names, values in self._referring:
            source, target = h5o.open(self._source.id, path), h5o.open(self._target, path)
            try:
                for name in names:
                    referrer.fix_attribute(source, target, name)
                if values:
                    referrer.fix_dataset(source, target)
            except ERRORS as error:
                self.notes.append(f"references in {show_name(path)} are left empty: {explain(error)}")
        if referrer.lost:
            self.notes.append(f"{referrer.lost} references lead nowhere in the input and are left empty")

    def _root(self) -> Any:
        from h5py import h5g

        return h5g.open(self._target, b"/")

    def _failure(self, path: bytes, error: BaseException) -> DataError:
        return DataError(f"cannot be copied: {explain(error)}", where=f"{self._source.filename}: {show_name(path)}")
