"""Joins the parts of an HDF5 output: a small file that presents their datasets as one, and links to all else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zm_cli.data.format import OutputPart
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.hdf5.access import open_file
from zm_cli.formats.hdf5.attributes import copy_plain_attributes
from zm_cli.formats.hdf5.datasets import list_datasets
from zm_cli.formats.hdf5.links import address_of
from zm_cli.formats.hdf5.names import decode_name, encode_name, show_name, split_path
from zm_cli.formats.hdf5.receipts import RECEIPT, find_part
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS, explain_error
from zm_cli.outputs.hdf5_file import OutputFile
from zm_cli.outputs.shard_record import FIELD
from zm_cli.running.time_limit import limited

OUTPUT_SUFFIXES = (".h5", ".hdf5", ".he5")


@dataclass(frozen=True)
class _Part:
    """A part of an output: its dataset `name` of this shape and type, and the shapes and types of the datasets that
    describe its samples, by their paths."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    beside: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]


def join_files(parts: Sequence[OutputPart], receipt: Mapping[str, Any], output: str) -> Sequence[str]:
    """Writes a file to `output` that presents the datasets of all parts as one virtual dataset.

    Datasets that describe the samples (labels, names of files) are copied one after another; everything else is linked
    from the first part. Paths to the parts are relative. Returns notes. Raises UsageError for names that such a file or
    its parts cannot have, DataError where the datasets do not fit together, and where a file cannot be read or written.
    """
    if Path(output).suffix.lower() not in OUTPUT_SUFFIXES:
        raise UsageError(
            "is not a name for an HDF5 file", where=output, hint=f"it should end in {', '.join(OUTPUT_SUFFIXES)}"
        )
    for part in parts:
        if "%" in part.path:
            # In the name of a source, it would stand for a number.
            raise UsageError("has a % in its path, which HDF5 would replace", where=part.path, hint="rename it")
    axis = int(parts[0].receipt[FIELD].get("axis", 0))
    described = [_describe(part.path, axis) for part in parts]
    _check_alike(described, axis, parts[0].receipt[FIELD].get("total"))
    draft = Draft(Path(output))
    output_file = OutputFile(draft)
    try:
        with output_file.library_calls("cannot be written"):
            _write(output_file, draft, described, axis, receipt, output)
        output_file.close()
    except BaseException:
        output_file.abandon()
        output_file.close()
        draft.discard()
        raise
    draft.commit()
    return (
        f"{output} points to its {len(parts)} parts, which must stay where they are beside it; "
        "zm reads them with --allow-external",
    )


def _describe(path: str, axis: int) -> _Part:
    """What is to be known of the part at `path`; DataError where it cannot be read."""
    with _reading(path) as file:
        name, dataset = find_part(file)
        if len(dataset.shape) <= axis:
            raise DataError(f"has no axis {axis} of samples", where=f"{path}: {show_name(name)}")
        samples = dataset.shape[axis]
        beside = {
            other: (found.shape, found.dtype)
            for other, found in list_datasets(file)
            if other != name and found.shape and found.shape[0] == samples
        }
        return _Part(path, name, dataset.shape, np.dtype(dataset.dtype), beside)


def _check_alike(parts: Sequence[_Part], axis: int, total: int | None) -> None:
    """Raises DataError where the dataset of a part does not go on with that of the first one."""
    first = parts[0]
    for part in parts:
        same = (part.name, part.dtype, _drop(part.shape, axis)) == (first.name, first.dtype, _drop(first.shape, axis))
        if not same:
            held = " and ".join(f"{show_name(each.name)} {each.shape} {each.dtype}" for each in (part, first))
            raise DataError(f"does not go on with {first.path}: they hold {held}", where=part.path)
    samples = sum(part.shape[axis] for part in parts)
    if samples != (samples if total is None else total):
        raise DataError(f"all parts together hold {samples} samples, not the {total} that were cut", where=first.path)


def _list_beside(parts: Sequence[_Part]) -> list[str]:
    """The paths of the datasets that describe the samples of all parts; DataError where one lacks some of them."""
    # Later parts have nothing else.
    names = sorted({name for part in parts[1:] for name in part.beside})
    for name in names:
        for part in parts:
            kinds = {_drop(shape, 0) for shape, _ in (each.beside[name] for each in parts if name in each.beside)}
            if name not in part.beside or len(kinds) > 1:
                raise DataError(
                    f"has no {show_name(name)} for its samples, unlike other parts",
                    where=part.path,
                    hint="write all parts with the same statistics",
                )
    return names


def _drop(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _write(
    output_file: OutputFile, draft: Draft, parts: Sequence[_Part], axis: int, receipt: Mapping[str, Any], output: str
) -> None:
    import h5py

    first, beside = parts[0], _list_beside(parts)
    sources = [_find_relative(part.path, output) for part in parts]
    # The oldest format with virtual datasets.
    with (
        h5py.File(draft.path, "w", driver="fileobj", fileobj=output_file, libver=("v110", "latest")) as file,
        _reading(first.path) as old,
    ):
        path = split_path(encode_name(first.name))
        _link_around(old["/"].id, file["/"].id, path, sources[0], {encode_name(name) for name in beside})
        dataset = _create_virtual(file, parts, sources, axis)
        copy_plain_attributes(old[encode_name(first.name)].id, dataset.id, frozenset({RECEIPT.encode()}))
        dataset.attrs[RECEIPT] = json.dumps(dict(receipt), sort_keys=True)
        for name in beside:
            _append_all(file, parts, name)
            copy_plain_attributes(old[encode_name(name)].id, file[encode_name(name)].id)


def _find_relative(path: str, output: str) -> bytes:
    """The path of a part as the output names it, relative to its own folder."""
    folder = os.path.dirname(os.path.realpath(output))
    return os.fsencode(os.path.relpath(os.path.realpath(path), folder).replace(os.sep, "/"))


def _link_around(old: Any, new: Any, path: list[bytes], source: bytes, left_out: set[bytes]) -> None:
    """Copies the attributes of the groups along the `path` of the dataset, and links all else that they hold in the
    first part, `source`; but the paths in `left_out`. `old` and `new` are the root groups (low-level ids)."""
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


def _create_virtual(file: Any, parts: Sequence[_Part], sources: Sequence[bytes], axis: int) -> Any:
    """Creates the virtual dataset of all parts in `file` (an `h5py.File`), and returns it."""
    import h5py
    from h5py import h5d, h5p, h5s, h5t

    first = parts[0]
    samples = sum(part.shape[axis] for part in parts)
    space = h5s.create_simple((*first.shape[:axis], samples, *first.shape[axis + 1 :]))
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_obj_track_times(False)
    # What is read where a part is not there must not look like data.
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


def _append_all(file: Any, parts: Sequence[_Part], name: str) -> None:
    """Writes the datasets `name` of all parts one after another as one dataset of `file` (an `h5py.File`)."""
    shape, dtype = parts[0].beside[name]
    samples = sum(part.beside[name][0][0] for part in parts)
    made = file.create_dataset(encode_name(name), (samples, *shape[1:]), dtype, track_times=False)
    start = 0
    for part in parts:
        with _reading(part.path) as old:
            values = old[encode_name(name)][()]
        if len(values):
            made[start : start + len(values)] = values
        start += len(values)


@contextmanager
def _reading(path: str) -> Iterator[Any]:
    """Yields the file at `path` as an `h5py.File`; DataError where something in it cannot be read."""
    with limited(path), open_file(path) as file:
        try:
            yield file
        except H5PY_ERRORS as error:
            raise DataError(f"cannot be joined: {explain_error(error)}", where=path) from error
