"""Joins the parts of an array: writes their samples in order, as a single run would have written them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zm_cli.data import block
from zm_cli.data.format import JoinRequest, OutputPart
from zm_cli.errors import DataError
from zm_cli.formats.npy.choose import SUFFIX, StoredArray, errors_explained, list_arrays, name_array
from zm_cli.formats.npy.mapped import MappedArray
from zm_cli.formats.npy.pack import pack_archive
from zm_cli.formats.npy.sink import check_name
from zm_cli.formats.npy.writer import ArrayWriter
from zm_cli.formats.shared.npy_header import NpyHeader
from zm_cli.formats.shared.receipt_beside import draft_receipt, hash_file
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.shard_record import FIELD


def join_arrays(request: JoinRequest) -> Sequence[str]:
    """Writes the array of all parts, with the receipt beside it; an archive also gets the other members of the first
    part.

    Returns no notes. Raises UsageError for a name that such a file cannot have, DataError if the arrays do not fit
    together, or if the file system refuses.
    """
    parts, receipt, output = request.parts, request.receipt, request.output
    first, name = parts[0], str(receipt.get("dataset", ""))
    arrays = [_find_array(part.path, name) for part in parts]
    check_name(output, archive=bool(arrays[0].name))
    axis = int(first.receipt[FIELD].get("axis", 0))
    header = _join_headers(parts, arrays, axis)
    draft = Draft(Path(output))
    array_draft = Draft(Path(f"{output}{SUFFIX}")) if arrays[0].name else draft
    with draft.writing(), array_draft.writing():
        writer = ArrayWriter(array_draft.path, header, axis)
        try:
            for part, array in zip(parts, arrays, strict=True):
                _copy(part.path, array, axis, writer)
                request.tick()
        finally:
            writer.close()
        if array_draft is not draft:
            pack_archive(first.path, arrays[0].name, array_draft.path, draft.path)
            array_draft.discard()
        # The receipt is committed first: it fits no other file, but a file without it might be centered twice.
        draft_receipt(output, receipt, draft.path.stat().st_size, hash_file(draft.path)).commit()
        draft.commit()
    return ()


def _find_array(path: str, name: str) -> StoredArray:
    """Returns the array of a part that was written: the only one,
    or the member of an archive that the receipt names."""
    for array in list_arrays(path):
        # A receipt holds only the beginning of a long name.
        if array.header is not None and array.name.startswith(name):
            return array
    raise DataError(f"has no array '{name}', which its receipt is about", where=path)


def _join_headers(parts: Sequence[OutputPart], arrays: Sequence[StoredArray], axis: int) -> NpyHeader:
    """Returns the header of the whole array; raises DataError if a part does not continue the first one."""
    headers = [array.header for array in arrays if array.header is not None]
    first, samples = headers[0], 0
    for part, header in zip(parts, headers, strict=True):
        if len(header.shape) <= axis or _describe(header, axis) != _describe(first, axis):
            raise DataError(
                f"holds {header.shape} {header.dtype}, {parts[0].path} holds {first.shape} {first.dtype}",
                where=part.path,
            )
        samples += header.shape[axis]
    total = parts[0].receipt[FIELD].get("total", samples)
    if samples != total:
        raise DataError(
            f"all parts together hold {samples} samples, not the {total} that were cut", where=parts[0].path
        )
    shape = (*first.shape[:axis], samples, *first.shape[axis + 1 :])
    return NpyHeader(first.dtype, shape, first.fortran_order)


def _describe(header: NpyHeader, axis: int) -> tuple[Any, ...]:
    """Returns the properties that must be the same in all parts."""
    return header.dtype, header.fortran_order, header.shape[:axis], header.shape[axis + 1 :]


def _copy(path: str, array: StoredArray, axis: int, writer: ArrayWriter) -> None:
    """Appends the samples of an array, block by block."""
    assert array.header is not None
    samples = array.header.shape[axis]
    if not samples or not array.header.nbytes:
        return
    step = max(1, block.BLOCK_BYTES * samples // array.header.nbytes)
    with _opened(path, array, axis) as mapped:
        for start in range(0, samples, step):
            with errors_explained(name_array(path, array.name)):
                values = mapped.read(start, min(start + step, samples))
            writer.write(values)


@contextmanager
def _opened(path: str, array: StoredArray, axis: int) -> Iterator[MappedArray]:
    with errors_explained(name_array(path, array.name)):
        mapped = MappedArray(path, array, axis)
    try:
        yield mapped
    finally:
        mapped.close()
