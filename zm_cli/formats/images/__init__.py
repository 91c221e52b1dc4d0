"""Images: a folder of pictures or arrays, or one image file, and the ways their transformed values are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zm_cli.data.format import Format
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source
from zm_cli.formats.images.suffixes import is_image_suffix


def recognises(path: Path) -> bool:
    """Whether `path` is a folder, or a file with the suffix of an image or of a NumPy array."""
    return path.is_dir() or is_image_suffix(path.name)


def _open(path: str, options: ReadOptions) -> Source:
    from zm_cli.formats.images.source import ImageSource

    return ImageSource(path, options)


def _create(source: Source, output: str, options: WriteOptions) -> Sink:
    from zm_cli.formats.images.create import create

    return create(source, output, options)


def _check_output(source: Source, output: str, form: str | None) -> None:
    from zm_cli.formats.images.create import choose_form

    choose_form(source, output, form)


def _find_receipt(output: str, dataset: str | None) -> Mapping[str, Any] | None:
    from zm_cli.formats.images.listing import read_receipt
    from zm_cli.formats.images.tree_sink import digest_names, sum_sizes

    receipt = read_receipt(output) if Path(output).is_dir() else None
    if receipt is None or receipt.get("files") != digest_names(output) or receipt.get("bytes") != sum_sizes(output):
        return None
    return receipt


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.images.listing import list_files

    return list_files(path, options)


FORMAT = Format(
    kind="images",
    recognises=recognises,
    open=_open,
    check_output=_check_output,
    create=_create,
    find_receipt=_find_receipt,
    list_files=_list_files,
    read_options=frozenset(
        {"mode", "lossy", "resize", "exif", "on_error", "max_pixels"} | {"include", "exclude", "files", "limit"}
    ),
    forms=frozenset({"npy", "tiff", "h5"}),
)
