"""Joins the parts of an HDF5 output: writes a small file that presents their datasets as one, and links to all else."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zm_cli.data.format import JoinRequest
from zm_cli.errors import UsageError
from zm_cli.formats.hdf5.attributes import copy_plain_attributes
from zm_cli.formats.hdf5.join_copy import write_copy
from zm_cli.formats.hdf5.links import address_of
from zm_cli.formats.hdf5.names import decode_name, encode_name, split_path
from zm_cli.formats.hdf5.part_file import (
    PartFile,
    append_all,
    check_alike,
    check_names,
    describe_part,
    list_beside,
    reading_part,
)
from zm_cli.formats.hdf5.receipts import RECEIPT
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_file import OutputFile
from zm_cli.outputs.shard_record import FIELD

OUTPUT_SUFFIXES = (".h5", ".hdf5", ".he5")


def join_files(request: JoinRequest) -> Sequence[str]:
    """Writes a file that presents the datasets of all parts as one virtual dataset.

    Datasets that describe the samples (labels, names of files) are copied one after another; everything else is linked
    from the first part. Paths to the parts are relative. If a copy is asked for, everything is in the file itself.
    Returns notes. Raises UsageError for names that such a file or its parts cannot have, DataError if the datasets do
    not fit together, or if a file cannot be read or written.
    """
    parts, output, receipt = request.parts, request.output, request.receipt
    if Path(output).suffix.lower() not in OUTPUT_SUFFIXES:
        raise UsageError(
            "is not a name for an HDF5 file", where=output, hint=f"it should end in {', '.join(OUTPUT_SUFFIXES)}"
        )
    axis = int(parts[0].receipt[FIELD].get("axis", 0))
    described = []
    for part in parts:
        described.append(describe_part(part.path, axis))
        if not request.copy:
            # Parts are only described; few values are copied.
            request.tick()
    check_alike(described, axis, parts[0].receipt[FIELD].get("total"))
    check_names(described)
    draft = Draft(Path(output))
    output_file = OutputFile(draft)
    try:
        with output_file.library_calls("cannot be written"):
            if request.copy:
                notes = write_copy(output_file, draft, described, axis, receipt, request.tick)
            else:
                notes = _write_index(output_file, draft, described, axis, receipt, output)
        output_file.close()
    except BaseException:
        output_file.abandon()
        output_file.close()
        draft.discard()
        raise
    draft.commit()
    return notes


def _write_index(
    output_file: OutputFile, draft: Draft, parts: Sequence[PartFile], axis: int, receipt: Mapping[str, Any], output: str
) -> list[str]:
    """Writes the file that points to its parts; returns notes."""
    import h5py

    first, beside = parts[0], list_beside(parts)
    sources = [_find_relative(part.path, output) for part in parts]
    for part, source in zip(parts, sources, strict=True):
        if b"%" in source + encode_name(part.name):
            # In the name of a source, % stands for a number.
            raise UsageError(
                "has a % in its path, or in that of its dataset, which a virtual dataset cannot refer to",
                where=part.path,
                hint="rename it, or join with --copy",
            )
    # The oldest file format that has virtual datasets.
    with (
        h5py.File(draft.path, "w", driver="fileobj", fileobj=output_file, libver=("v110", "latest")) as file,
        reading_part(first.path) as old,
    ):
        path = split_path(encode_name(first.name))
        _link_around(old["/"].id, file["/"].id, path, sources[0], {encode_name(name) for name in beside})
        dataset = _create_virtual(file, parts, sources, axis)
        copy_plain_attributes(old[encode_name(first.name)].id, dataset.id, frozenset({RECEIPT.encode()}))
        dataset.attrs[RECEIPT] = json.dumps(dict(receipt), sort_keys=True)
        for name in beside:
            append_all(file, parts, name)
            copy_plain_attributes(old[encode_name(name)].id, file[encode_name(name)].id)
    return [
        f"{output} points to its {len(parts)} parts, which must stay where they are beside it; "
        "zm reads them with --allow-external"
    ]


def _find_relative(path: str, output: str) -> bytes:
    """Returns the path of a part as the output names it, relative to its own folder."""
    folder = os.path.dirname(os.path.realpath(output))
    return os.fsencode(os.path.relpath(os.path.realpath(path), folder).replace(os.sep, "/"))


def _link_around(old: Any, new: Any, path: list[bytes], source: bytes, left_out: set[bytes]) -> None:
    """Copies the attributes of the groups along the `path` of the dataset, and creates links to everything else that
    these groups hold in the first part, `source`, except the paths in `left_out`. `old` and `new` are the root groups
    (low-level ids)."""
    from h5py import h5g, h5l, h5o, h5p

    above = b"/"
    own = address_of(h5o.open(old, b"/".join(path)))
    for depth, next_name in enumerate(path):
        copy_plain_attributes(old, new)
        names: list[bytes] = []
        old.links.iterate(names.append)
        for name in names:
            if name == next_name or above + name in left_out:
                continue
            kind = old.links.get_info(name).type
            if kind == h5l.TYPE_SOFT:
                new.links.create_soft(name, old.links.get_val(name))
            elif kind == h5l.TYPE_HARD and address_of(h5o.open(old, name)) == own:
                new.links.create_soft(name, b"/" + b"/".join(path))
            else:
                new.links.create_external(name, source, above + name)
        if depth < len(path) - 1:
            plist = h5p.create(h5p.GROUP_CREATE)
            plist.set_obj_track_times(False)
            old, new = h5g.open(old, next_name), h5g.create(new, next_name, None, plist)
            above += next_name + b"/"


def _create_virtual(file: Any, parts: Sequence[PartFile], sources: Sequence[bytes], axis: int) -> Any:
    """Creates the virtual dataset of all parts in `file` (an `h5py.File`), and returns it."""
    import h5py
    from h5py import h5d, h5p, h5s, h5t

    first = parts[0]
    samples = sum(part.shape[axis] for part in parts)
    space = h5s.create_simple((*first.shape[:axis], samples, *first.shape[axis + 1 :]))
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    # Values of a missing part must not look like data.
    plist.set_fill_value(np.array(np.nan, first.dtype))
    start = 0
    for part, source in zip(parts, sources, strict=True):
        if not part.shape[axis]:
            continue
        space.select_hyperslab(tuple(start if each == axis else 0 for each in range(len(part.shape))), part.shape)
        plist.set_virtual(space, source, encode_name(part.name), h5s.create_simple(part.shape))
        start += part.shape[axis]
    space.select_all()
    *above, name = split_path(encode_name(first.name))
    group = file["/" + decode_name(b"/".join(above))]
    return h5py.Dataset(h5d.create(group.id, name, h5t.py_create(first.dtype), space, plist))
