"""The format of NumPy arrays: a `.npy` file, or one array of an `.npz` archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zm_cli.data.format import Confidence, Format, JoinRequest
from zm_cli.data.options import Option, ReadOptions
from zm_cli.formats.shared.layout import find_layout_fault
from zm_cli.formats.shared.lazy import find_receipt_beside, list_receipt_beside, make_beside_completers
from zm_cli.formats.shared.options import BY, DATASET, GROWTH, LAYOUT, LIMIT, MASK, SAMPLE, SEED, SHARD, WEIGHT

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.data.survey import Survey

MAGIC = b"\x93NUMPY"


def _recognize(path: Path) -> Confidence | None:
    if not path.is_file():
        return None
    if path.suffix.lower() in (".npy", ".npz"):
        return Confidence.BY_NAME
    try:
        with path.open("rb") as stream:
            return Confidence.BY_CONTENT if stream.read(len(MAGIC)) == MAGIC else None
    except OSError:
        return None


def _open(path: str, options: ReadOptions, plan: object = None, tick: object = None) -> Source:
    from zm_cli.formats.npy.source import NpySource

    return NpySource(path, options)


def _name_transformed(path: str) -> Sequence[str]:
    from zm_cli.formats.npy.receipts import name_transformed

    return name_transformed(path)


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    yield "arrays", path
    yield from _list_beside(path, options).items()
    yield from list_receipt_beside(path)


def _list_beside(path: str, options: ReadOptions) -> Mapping[str, str]:
    from zm_cli.formats.npy.beside import list_other_files

    return list_other_files(path, options)


def _names_files(decoding: Mapping[str, Any]) -> bool:
    # The arrays of an archive have names; the array of a `.npy` file has none.
    return decoding.get(DATASET.name) is None


def _complete_dataset(path: str, options: ReadOptions, begun: str) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.npy.choose import describe_array, is_usable, list_arrays

    for array in list_arrays(path):
        if is_usable(array) and array.name.startswith(begun) and array.name.isprintable():
            yield array.name, describe_array(array)


def _complete_beside(option: Option[str], path: str, begun: str) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.npy.completion import complete_beside

    return complete_beside(option, path, begun)


def _survey(path: str, options: ReadOptions) -> Survey:
    from zm_cli.formats.npy.survey import survey_file

    return survey_file(path)


def _join(request: JoinRequest) -> Sequence[str]:
    from zm_cli.formats.npy.join import join_arrays

    return join_arrays(request)


FORMAT = Format(
    kind="npy",
    noun="NumPy array",
    recognize=_recognize,
    open=_open,
    find_receipt=find_receipt_beside,
    name_transformed=_name_transformed,
    list_files=_list_files,
    options=(DATASET, LAYOUT, LIMIT, SAMPLE, SEED, SHARD, BY, WEIGHT, MASK, GROWTH),
    find_fault=find_layout_fault,
    survey=_survey,
    list_beside=_list_beside,
    names_files=_names_files,
    join=_join,
    completers={"dataset": _complete_dataset} | make_beside_completers(_complete_beside),
)
