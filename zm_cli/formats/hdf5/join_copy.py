"""Joins the parts of an HDF5 output in one file that holds all values itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zm_cli.formats.hdf5.attributes import copy_plain_attributes
from zm_cli.formats.hdf5.copy import FileCopier
from zm_cli.formats.hdf5.create import create_dataset
from zm_cli.formats.hdf5.names import encode_name
from zm_cli.formats.hdf5.output import create_file
from zm_cli.formats.hdf5.part_file import PartFile, append_all, copy_samples, list_beside, reading_part
from zm_cli.formats.hdf5.receipts import RECEIPT
from zm_cli.outputs.draft import Draft
from zm_cli.outputs.hdf5_file import OutputFile


def write_copy(
    output_file: OutputFile,
    draft: Draft,
    parts: Sequence[PartFile],
    axis: int,
    receipt: Mapping[str, Any],
    tick: Callable[[], object],
) -> list[str]:
    """Writes everything in the first part to `output_file`, the file of `draft`, with the samples of all parts in the
    dataset. Calls `tick` after each part; returns notes on what could not be kept."""
    first, beside = parts[0], list_beside(parts)
    samples = sum(part.shape[axis] for part in parts)
    shape = (*first.shape[:axis], samples, *first.shape[axis + 1 :])
    with reading_part(first.path) as old:
        dataset = old[encode_name(first.name)]

        def create(group: Any, name: bytes, link: Any) -> list[str]:
            return create_dataset(dataset, group, name, first.dtype, link, shape)

        with create_file(old, draft, output_file) as file:
            copier = FileCopier(old, file.id, dataset, first.name, create, frozenset({RECEIPT.encode()}))
            copier.copy()
            made = file[encode_name(first.name)]
            made.attrs[RECEIPT] = json.dumps(dict(receipt), sort_keys=True)
            copy_samples(made, parts, axis, tick)
            for name in beside:
                del file[encode_name(name)]
                append_all(file, parts, name)
                copy_plain_attributes(old[encode_name(name)].id, file[encode_name(name)].id)
        if old.userblock_size:
            output_file.copy_head(first.path, old.userblock_size)
    return copier.notes
