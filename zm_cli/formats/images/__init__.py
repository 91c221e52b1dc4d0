"""Images: a folder of pictures or arrays, or one image file, and the ways their transformed values are written."""

from __future__ import annotations

from pathlib import Path

from zm_cli.block import Format, ReadOptions, Sink, Source, WriteOptions
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


FORMAT = Format(
    kind="images",
    recognises=recognises,
    open=_open,
    check_output=_check_output,
    create=_create,
    read_options=frozenset({"mode", "lossy", "resize", "exif", "on_error", "max_pixels"}),
    forms=frozenset({"npy", "tiff", "h5"}),
)
