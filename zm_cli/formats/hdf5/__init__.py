"""HDF5 files: one dataset read in blocks, and the whole file written again with that dataset transformed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zm_cli.data.format import Format
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SUFFIXES = frozenset({".h5", ".hdf5", ".hdf", ".he5", ".h5ad"})


def _recognises(path: Path) -> bool:
    if not path.is_file():
        return False
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as stream:
            head = stream.read(2048 + len(SIGNATURE))
    except OSError:
        return False
    # The signature comes first, or after a user block (MATLAB writes one of 512 bytes).
    return any(head.startswith(SIGNATURE, offset) for offset in (0, 512, 1024, 2048))


def _open(path: str, options: ReadOptions) -> Source:
    from zm_cli.formats.hdf5.source import Hdf5Source

    return Hdf5Source(path, options)


def _create(source: Source, output: str, options: WriteOptions) -> Sink:
    from zm_cli.formats.hdf5.sink import Hdf5Sink
    from zm_cli.formats.hdf5.source import Hdf5Source

    assert isinstance(source, Hdf5Source)
    return Hdf5Sink(source, output, options)


def _check_output(source: Source, output: str, form: str | None) -> None:
    from zm_cli.formats.hdf5.sink import check_name
    from zm_cli.formats.hdf5.source import Hdf5Source

    assert isinstance(source, Hdf5Source)
    check_name(source, output)


def _find_receipt(output: str, dataset: str | None) -> Mapping[str, Any] | None:
    from zm_cli.formats.hdf5.source import find_receipt

    return find_receipt(output, dataset)


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    yield "file", path


FORMAT = Format(
    kind="hdf5",
    recognises=_recognises,
    open=_open,
    check_output=_check_output,
    create=_create,
    find_receipt=_find_receipt,
    list_files=_list_files,
    read_options=frozenset({"dataset", "layout", "allow_external", "limit"}),
)
