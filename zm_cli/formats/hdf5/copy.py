"""Copies everything in an HDF5 file to another file, except one dataset, which is created anew for new values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from zm_cli.errors import DataError
from zm_cli.formats.hdf5.attributes import copy_attributes, copy_plain_attributes, describe_lost, list_attributes
from zm_cli.formats.hdf5.create import drop_missing_filters
from zm_cli.formats.hdf5.external import is_external, is_virtual, stored_space
from zm_cli.formats.hdf5.library import DEFAULT, call
from zm_cli.formats.hdf5.links import ExternalLink, address_of, follow, walk_links
from zm_cli.formats.hdf5.names import encode_name, format_name
from zm_cli.formats.hdf5.properties import group_creation_list
from zm_cli.formats.hdf5.raw import copy_attribute_values, copy_dataset_values
from zm_cli.formats.hdf5.references import ReferenceTranslator
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error

Create = Callable[[Any, bytes, Any], list[str]]
"""Creates the new dataset in a group (a low-level id), by a name and a link creation list; returns notes."""


class FileCopier:
    """Copies the contents of `source` (an `h5py.File`) to `target` (the low-level id of a new file).

    Groups are created anew. Links of every kind are created again and not followed. Datasets are copied as they are
    stored, except `replaced` (an `h5py.Dataset`) at the path `name`: `create` makes a new dataset instead, which gets
    its attributes except those in `left_out`. If `replaced` lies in another file, the new dataset replaces the link to
    it.

    After `copy`, `notes` holds sentences on what could not be kept.
    """

    def __init__(
        self, source: Any, target: Any, replaced: Any, name: str, create: Create, left_out: frozenset[bytes]
    ) -> None:
        self.notes: list[str] = []
        self._source = source
        self._target = target
        found = follow(source.id, encode_name(name))
        self._foreign = replaced.id if isinstance(found, ExternalLink) else None
        self._foreign_link = (found.group, found.name) if isinstance(found, ExternalLink) else None
        self._replaced = address_of(replaced.id) if self._foreign is None else None
        self._create = create
        self._left_out = left_out
        # By the address of an object in the source: its first path; and for a named type, its name in the type group.
        self._paths: dict[int, bytes] = {}
        self._types: dict[int, bytes] = {}
        self._type_group: Any = None
        # For each object that holds references: its path, the names of the attributes with references, and whether its
        # values are references.
        self._referring: list[tuple[bytes, list[bytes], bool]] = []

    def copy(self) -> None:
        """Copies everything; raises DataError, naming the object, if one cannot be copied."""
        from h5py import h5g

        root = h5g.open(self._source.id, b"/")
        target_root = h5g.open(self._target, b"/")
        type_group = self._copy_named_types(target_root)
        self._paths[address_of(root)] = b"/"
        self._copy_attributes(root, target_root, b"/")
        waiting = [(root, target_root, b"/")]
        while waiting:
            waiting += self._copy_links(*waiting.pop())
        self._copy_references()
        self._type_group = None
        if type_group is not None:
            target_root.unlink(type_group)

    def _copy_named_types(self, target_root: Any) -> bytes | None:
        """Copies the named types to a temporary group, where all objects that use them find them; returns its name."""
        from h5py import h5g, h5o, h5t

        found = [
            (address_of(link.item), link.path) for link in walk_links(self._source) if isinstance(link.item, h5t.TypeID)
        ]
        if not found:
            return None
        group = b".zm-types"
        while group in self._source.id:
            group += b"-"
        self._type_group = h5g.create(target_root, group)
        recreated = []
        for index, (address, path) in enumerate(found):
            name = self._types[address] = str(index).encode()
            if self._note_references(h5o.open(self._source.id, path), path):
                recreated.append((self._recreate_type(path, name), path))
            else:
                self._copy_object(self._source.id, path, self._type_group, name, None, path)
        for created, path in recreated:
            self._copy_attributes(h5o.open(self._source.id, path), created, path, noted=True)
        return group

    def _recreate_type(self, path: bytes, name: bytes) -> Any:
        """Creates a named type without its time stamp, which would be set to the present when references
        are written later."""
        from h5py import h5o, h5p

        item = h5o.open(self._source.id, path)
        plist = h5p.PropTCID(call("H5Tget_create_plist", item.id))
        plist.set_obj_track_times(False)
        created = item.copy()
        call("H5Tcommit2", self._type_group.id, name, created.id, DEFAULT, plist.id, DEFAULT)
        return created

    def _find_type(self, stored_type: Any) -> Any:
        """Returns the type in the target for a type of the source: the copied named type, or an unnamed one."""
        from h5py import h5o

        name = self._types.get(address_of(stored_type)) if stored_type.committed() else None
        return h5o.open(self._type_group, name) if name is not None else stored_type.copy()

    def _copy_links(self, group: Any, target: Any, group_path: bytes) -> list[tuple[Any, Any, bytes]]:
        """Creates every link of `group` in `target`; returns its subgroups, whose links are yet to be created."""
        from h5py import h5, h5l, h5p

        names: list[bytes] = []
        tracked = group.get_create_plist().get_link_creation_order() & h5p.CRT_ORDER_TRACKED
        group.links.iterate(names.append, idx_type=h5.INDEX_CRT_ORDER if tracked else h5.INDEX_NAME)
        subgroups: list[tuple[Any, Any, bytes]] = []
        for name in names:
            path = group_path.rstrip(b"/") + b"/" + name
            info = group.links.get_info(name)
            link = h5p.create(h5p.LINK_CREATE)
            link.set_char_encoding(info.cset)
            if info.type == h5l.TYPE_SOFT:
                target.links.create_soft(name, group.links.get_val(name), link)
            elif info.type == h5l.TYPE_EXTERNAL and (address_of(group), name) == self._foreign_link:
                self._replace_foreign(target, name, path, link)
            elif info.type == h5l.TYPE_EXTERNAL:
                target.links.create_external(name, *group.links.get_val(name), link)
            elif info.type == h5l.TYPE_HARD:
                try:
                    subgroups += self._copy_hard_link(group, target, name, path, link)
                except H5PY_ERRORS as error:
                    raise self._make_copy_error(path, error) from error
            else:
                self.notes.append(f"the link {format_name(path)} is of a kind that cannot be copied")
        return subgroups

    def _replace_foreign(self, target: Any, name: bytes, path: bytes, link: Any) -> None:
        """Creates the new dataset instead of the link to the dataset in another file."""
        from h5py import h5o

        self.notes += self._create(target, name, link)
        self._note_lost(path, copy_plain_attributes(self._foreign, h5o.open(target, name), self._left_out))

    def _copy_hard_link(
        self, group: Any, target: Any, name: bytes, path: bytes, link: Any
    ) -> list[tuple[Any, Any, bytes]]:
        """Creates a hard link and, if it is the first one to its object, the object;
        returns the object if it is a group."""
        from h5py import h5g, h5o

        item = h5o.open(group, name)
        address = address_of(item)
        first_path = self._paths.setdefault(address, path)
        if first_path != path:
            target.links.create_hard(name, self._target_root(), first_path, link)
        elif address in self._types:
            h5o.link(h5o.open(self._type_group, self._types[address]), target, name, link)
        elif isinstance(item, h5g.GroupID):
            created = h5g.create(target, name, link, group_creation_list(item))
            self._copy_attributes(item, created, path)
            return [(item, created, path)]
        elif address == self._replaced:
            self.notes += self._create(target, name, link)
            self._copy_attributes(item, h5o.open(target, name), path, self._left_out)
        else:
            self._copy_dataset(group, target, name, path, link, item)
        return []

    def _copy_dataset(self, group: Any, target: Any, name: bytes, path: bytes, link: Any, item: Any) -> None:
        """Copies a dataset as it is stored, or creates an equal one if the library cannot copy it correctly.

        The library gives the copy of a dataset with a named type a named type of its own (the flag for sharing the
        existing one can crash the library: 1.14, 2.0). It cannot copy sequences of newer references. Writing references
        after a copy would stamp the dataset with the present time.
        """
        if self._note_references(item, path) or item.get_type().committed():
            self._recreate_dataset(target, name, path, link, item)
        else:
            self._copy_object(group, name, target, name, link, path)

    def _copy_object(self, group: Any, name: bytes, target: Any, new_name: bytes, link: Any, path: bytes) -> None:
        from h5py import h5o, h5p

        plist = h5p.create(h5p.OBJECT_COPY)
        try:
            h5o.copy(group, name, target, new_name, plist, link)
        except H5PY_ERRORS as error:
            raise self._make_copy_error(path, error) from error

    def _recreate_dataset(self, target: Any, name: bytes, path: bytes, link: Any, item: Any) -> None:
        """Creates the same dataset without time stamps and copies its values slab by slab."""
        from h5py import h5d, h5t

        plist = item.get_create_plist()
        drop_missing_filters(plist, format_name(path), self.notes)
        plist.set_obj_track_times(False)
        stored_type = item.get_type()
        created = h5d.create(target, name, self._find_type(stored_type), stored_space(item), plist, link)
        self._copy_attributes(item, created, path, noted=True)
        if not _is_elsewhere(item) and not stored_type.detect_class(h5t.REFERENCE):
            copy_dataset_values(item, created, self._source.filename)

    def _copy_attributes(
        self, source: Any, target: Any, path: bytes, left_out: frozenset[bytes] = frozenset(), *, noted: bool = False
    ) -> None:
        """Copies the attributes of an object; `noted` says that those with references are noted already."""
        referring, lost = copy_attributes(source, target, self._find_type, left_out)
        if referring and not noted:
            self._referring.append((path, referring, False))
        self._note_lost(path, lost)

    def _note_lost(self, path: bytes, lost: list[str]) -> None:
        self.notes += describe_lost(path, lost)

    def _note_references(self, item: Any, path: bytes) -> bool:
        """Notes for `_copy_references` which attributes of an object hold references, and whether its values do.

        Returns whether any do.
        """
        from h5py import h5a, h5d, h5t

        names = [name for name in list_attributes(item) if h5a.open(item, name).get_type().detect_class(h5t.REFERENCE)]
        values = isinstance(item, h5d.DatasetID) and bool(item.get_type().detect_class(h5t.REFERENCE))
        if values and _is_elsewhere(item):
            self.notes.append(f"{format_name(path)} holds references that lie elsewhere and are left as they are")
            values = False
        if names or values:
            self._referring.append((path, names, values))
        return bool(names) or values

    def _copy_references(self) -> None:
        """Copies the noted references, now that all objects that they lead to exist."""
        from h5py import h5a, h5o

        translator = ReferenceTranslator(self._source.id, self._target, self._paths)
        for path, names, values in self._referring:
            source, target = h5o.open(self._source.id, path), h5o.open(self._target, path)
            for name in names:
                with self._noting_empty(f"the attribute {format_name(name)} of {format_name(path)}"):
                    copy_attribute_values(h5a.open(source, name), h5a.open(target, name), translator.translate)
            if values:
                with self._noting_empty(format_name(path)):
                    copy_dataset_values(source, target, self._source.filename, translator.translate)
        if translator.lost:
            self.notes.append(f"{translator.lost} references lead nowhere in the input file and are left empty")

    @contextmanager
    def _noting_empty(self, where: str) -> Iterator[None]:
        try:
            yield
        except H5PY_ERRORS as error:
            self.notes.append(f"references in {where} are left empty: {explain_error(error)}")

    def _target_root(self) -> Any:
        from h5py import h5g

        return h5g.open(self._target, b"/")

    def _make_copy_error(self, path: bytes, error: BaseException) -> DataError:
        where = f"{self._source.filename}: {format_name(path)}"
        return DataError(f"cannot be copied: {explain_error(error)}", where=where)


def _is_elsewhere(item: Any) -> bool:
    """Returns whether the values of a dataset (a low-level id) belong to other datasets, or lie in other files."""
    return is_virtual(item) or is_external(item)
