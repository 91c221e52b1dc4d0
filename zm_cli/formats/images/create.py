"""Which sink an output asks for: one HDF5 file, a folder of arrays, or one array file."""

from __future__ import annotations

import os

from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats.images.arrays import INSTALL, has_tifffile
from zm_cli.formats.images.hdf5_sink import HDF5Sink, one_shape
from zm_cli.formats.images.listing import read_receipt
from zm_cli.formats.images.source import ImageSource
from zm_cli.formats.images.suffixes import suffix_of
from zm_cli.formats.images.tree_sink import FileSink, TreeSink, digest_names
from zm_cli.outputs.receipt import DAMAGED

_FORMS = {".h5": "h5", ".hdf5": "h5", ".npy": "npy", ".tif": "tiff", ".tiff": "tiff"}
_CHOICES = "name a folder (ending in /) for a tree of arrays, or a file ending in .h5"


def create(source: Source, output: str, options: WriteOptions) -> Sink:
    """The sink for `output`, in the form that `choose_form` finds, with its errors."""
    assert isinstance(source, ImageSource)
    form, single = choose_form(source, output, options.form)
    if form == "h5":
        return HDF5Sink(source, output, options)
    return FileSink(output, options, form) if single else TreeSink(source, output, options, form)


def choose_form(source: Source, output: str, asked: str | None) -> tuple[str, bool]:
    """The form of `output`, and whether it is one array file: as asked, else by its suffix; none means a `.npy` tree.

    A source of one file may be written as one `.npy` or `.tiff` file. Raises UsageError for any other output, for one
    inside the source or around it, and for a folder that zm did not write; DataError for one dataset of several sizes.
    """
    assert isinstance(source, ImageSource)
    if output == "-":
        raise UsageError("images cannot be written to standard output", where="--output", hint=_CHOICES)
    _check_apart(source, output)
    is_folder = output.endswith(("/", os.sep)) or os.path.isdir(output)
    suffix = "" if is_folder else suffix_of(os.path.basename(output))
    form = asked or _FORMS.get(suffix, "npy" if not suffix else None)
    if form is None:
        raise UsageError(f"'{suffix}' is no output of images", where=output, hint=_CHOICES)
    if form == "tiff" and not has_tifffile():
        raise UsageError("writing TIFF arrays needs tifffile", where=output, hint=INSTALL)
    if form == "h5":
        if is_folder:
            raise UsageError("is a folder, and .h5 is one file", where=output, hint="name a file ending in .h5")
        one_shape(source)
        return form, True
    if _FORMS.get(suffix) == form:
        if os.path.isdir(source.path):
            raise UsageError(f"one {suffix} file cannot hold a folder of images", where=output, hint=_CHOICES)
        return form, True
    _check_replaceable(output)
    return form, False


def _check_apart(source: ImageSource, output: str) -> None:
    """Raises UsageError where writing the output would change or remove the input."""
    path, outside = source.path, os.path.realpath(output)
    if source.listed is None:
        inside = os.path.realpath(path)
        if inside == outside:
            raise UsageError("is the input itself", where=output, hint="name another output")
        if os.path.isdir(path) and os.path.commonpath((inside, outside)) == inside:
            raise UsageError("lies inside the input folder", where=output, hint="name an output outside of it")
    if os.path.isdir(output):
        places = [path] if source.listed is None else [os.path.join(path, file) for file in source.listed]
        if any(os.path.commonpath((os.path.realpath(place), outside)) == outside for place in places):
            raise UsageError("is a folder that holds the input", where=output, hint="name another output")


def _check_replaceable(output: str) -> None:
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
        raise UsageError("is there already and is no folder", where=output, hint="remove it or name another output")
