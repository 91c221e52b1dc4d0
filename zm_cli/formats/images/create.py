"""Chooses the sink for an output: one HDF5 file, a folder of array files, or one array file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.errors import UsageError
from zm_cli.formats.images.arrays import INSTALL, has_tifffile
from zm_cli.formats.images.hdf5_sink import Hdf5Sink, require_one_shape
from zm_cli.formats.images.listing import read_receipt
from zm_cli.formats.images.suffixes import suffix_of
from zm_cli.formats.images.tree_sink import FileSink, TreeSink, digest_names
from zm_cli.outputs.receipt import DAMAGED
from zm_cli.outputs.shard_record import add_to_shard

if TYPE_CHECKING:
    from zm_cli.formats.images.source import ImageSource

_FORMATS = {".h5": "h5", ".hdf5": "h5", ".npy": "npy", ".tif": "tiff", ".tiff": "tiff"}
_CHOICES = "name a folder (ending in /) for a tree of arrays, or a file ending in .h5"


def create_sink(source: ImageSource, output: str, options: WriteOptions) -> Sink:
    """Returns the sink for `output` in the format of `choose_output_format`, whose errors and the sink's it raises."""
    format, single = choose_output_format(source, output, options.format)
    if options.features is not None and len(options.features.axes) != len(source.spec.axes) and format != "h5":
        raise UsageError("images that become vectors are written as one .h5", where=output, hint="name a .h5 with -o")
    if source.spec.shard is not None:
        options = replace(options, receipt=add_to_shard(options.receipt, files=source.files_cut))
    if format == "h5":
        return Hdf5Sink(source, output, options)
    return FileSink(output, options, format) if single else TreeSink(source, output, options, format)


def choose_output_format(source: ImageSource, output: str, asked: str | None) -> tuple[str, bool]:
    """Returns the output format ("h5", "npy" or "tiff") of `output`, and whether the output is one file.

    The format is `asked`, or else chosen by the suffix; an output without a suffix is a folder of `.npy` files. Only a
    source of one file can be written as one `.npy` or `.tiff` file. Raises UsageError for an output that cannot be
    written, that is inside the source or contains it, or that is a folder which zm did not write; DataError for images
    of several sizes that are to be written as one dataset.
    """
    if output == "-":
        raise UsageError("images cannot be written to standard output", where="--output", hint=_CHOICES)
    _check_apart(source, output)
    is_folder = output.endswith(("/", os.sep)) or os.path.isdir(output)
    suffix = "" if is_folder else suffix_of(os.path.basename(output))
    format = asked or _FORMATS.get(suffix, "npy" if not suffix else None)
    if format is None:
        raise UsageError(f"images cannot be written as '{suffix}'", where=output, hint=_CHOICES)
    if format == "tiff" and not has_tifffile():
        raise UsageError("writing TIFF arrays needs tifffile", where=output, hint=INSTALL)
    if format == "h5":
        if is_folder:
            raise UsageError("is a folder, but .h5 is one file", where=output, hint="name a file ending in .h5")
        require_one_shape(source)
        return format, True
    if _FORMATS.get(suffix) == format:
        if os.path.isdir(source.path):
            raise UsageError(f"one {suffix} file cannot hold a folder of images", where=output, hint=_CHOICES)
        if (source.spec.samples or 0) > 1:
            fault = f"one {suffix} file cannot hold the {source.spec.samples} frames of an image"
            raise UsageError(fault, where=output, hint=_CHOICES)
        return format, True
    check_replaceable(output)
    return format, False


def _check_apart(source: ImageSource, output: str) -> None:
    """Raises UsageError if writing the output would change or remove the input."""
    path, output_path = source.path, os.path.realpath(output)
    if source.listed is None:
        input_path = os.path.realpath(path)
        if input_path == output_path:
            raise UsageError("is the input itself", where=output, hint="name another output")
        if os.path.isdir(path) and Path(output_path).is_relative_to(input_path):
            raise UsageError("lies inside the input folder", where=output, hint="name an output outside of it")
    if os.path.isdir(output):
        inputs = [path] if source.listed is None else [os.path.join(path, file) for file in source.listed]
        if any(Path(os.path.realpath(file)).is_relative_to(output_path) for file in inputs):
            raise UsageError("is a folder that holds the input", where=output, hint="name another output")


def check_replaceable(output: str) -> None:
    """Raises UsageError for an existing output that is neither an empty folder nor one that zm wrote."""
    if os.path.isdir(output):
        receipt = read_receipt(output)
        if os.listdir(output) and (receipt is None or receipt is DAMAGED):
            raise UsageError("is a folder that zm did not write", where=output, hint="remove it or name another output")
        if receipt is not None and receipt.get("files") != digest_names(output):
            raise UsageError(
                "is not as zm left it: files were added, removed or renamed",
                where=output,
                hint="remove it or name another output",
            )
    elif os.path.exists(output):
        raise UsageError("exists already and is not a folder", where=output, hint="remove it or name another output")
