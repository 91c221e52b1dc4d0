"""The HDF5 format: how its files are recognized, opened, written and completed in a shell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zm_cli.data.format import Confidence, Format, JoinRequest
from zm_cli.data.options import Option, ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats.hdf5.options import ALLOW_EXTERNAL
from zm_cli.formats.shared.layout import find_layout_fault
from zm_cli.formats.shared.lazy import make_beside_completers
from zm_cli.formats.shared.options import (
    BY,
    DATASET,
    GROWTH,
    LAYOUT,
    LIMIT,
    MASK,
    MASK_AND_SCALE,
    SAMPLE,
    SEED,
    SHARD,
    WEIGHT,
)

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.data.survey import Survey

SIGNATURE = b"\x89HDF\r\n\x1a\n"
USER_BLOCKS = (0, 512, 1024, 2048)
"""Sizes of user blocks before the signature: MATLAB writes one of 512 bytes."""
SUFFIXES = frozenset({".h5", ".hdf5", ".hdf", ".he5", ".h5ad"})


def _recognize(path: Path) -> Confidence | None:
    if not path.is_file():
        return None
    if path.suffix.lower() in SUFFIXES:
        return Confidence.BY_NAME
    try:
        with path.open("rb") as stream:
            head = stream.read(USER_BLOCKS[-1] + len(SIGNATURE))
    except OSError:
        return None
    found = any(head.startswith(SIGNATURE, offset) for offset in USER_BLOCKS)
    return Confidence.BY_CONTENT if found else None


def _open(path: str, options: ReadOptions, plan: object = None, tick: object = None) -> Source:
    from zm_cli.formats.hdf5.source import Hdf5Source

    return Hdf5Source(path, options)


def _find_receipt(output: str, options: ReadOptions) -> Mapping[str, Any] | None:
    from zm_cli.formats.hdf5.receipts import find_receipt

    return find_receipt(output, options.get(DATASET))


def _name_transformed(path: str) -> Sequence[str]:
    from zm_cli.formats.hdf5.receipts import name_transformed

    return name_transformed(path)


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    if options.get(ALLOW_EXTERNAL):
        raise UsageError(
            "the other files that --allow-external reads are not known before they are read",
            where=path,
            hint="leave out --if-changed",
        )
    yield "file", path


def _complete_dataset(path: str, options: ReadOptions, begun: str) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.hdf5.completion import complete_dataset

    return complete_dataset(path, begun)


def _complete_beside(option: Option[str], path: str, begun: str) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.hdf5.completion import complete_beside

    return complete_beside(option, path, begun)


def _survey(path: str, options: ReadOptions) -> Survey:
    from zm_cli.formats.hdf5.survey import survey_file

    return survey_file(path)


def _join(request: JoinRequest) -> Sequence[str]:
    from zm_cli.formats.hdf5.join import join_files

    return join_files(request)


FORMAT = Format(
    kind="hdf5",
    noun="HDF5 file",
    recognize=_recognize,
    open=_open,
    find_receipt=_find_receipt,
    name_transformed=_name_transformed,
    list_files=_list_files,
    options=(DATASET, LAYOUT, MASK_AND_SCALE, ALLOW_EXTERNAL, LIMIT, SAMPLE, SEED, SHARD, BY, WEIGHT, MASK, GROWTH),
    find_fault=find_layout_fault,
    survey=_survey,
    join=_join,
    completers={"dataset": _complete_dataset} | make_beside_completers(_complete_beside),
)
