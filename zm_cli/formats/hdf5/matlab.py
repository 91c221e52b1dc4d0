"""MATLAB files of version 7.3: arrays whose axes are stored in reverse, and datasets that are not arrays of numbers.

MATLAB stores arrays column by column. In the file, an array of size [H W C N] has the shape (N, C, W, H).
"""

from __future__ import annotations

from typing import Any

from zm_cli.formats.hdf5.attributes import read_text_attribute
from zm_cli.formats.shared.layout import guess_layout
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS

MARK = b"MATLAB 7.3 MAT-file"
"""The first bytes of such a file, in the user block before the HDF5 data."""
NUMBERS = frozenset({"double", "single", "logical"} | {f"{u}int{bits}" for u in ("", "u") for bits in (8, 16, 32, 64)})
"""The MATLAB classes of arrays whose dataset holds their values."""


def has_mark(file: Any) -> bool:
    """Returns whether a file (an `h5py.File`) was written by MATLAB."""
    if not file.userblock_size:
        return False
    try:
        with open(file.filename, "rb") as stream:
            return stream.read(len(MARK)) == MARK
    except OSError:
        return False


def is_matlab(dataset: Any) -> bool:
    """Returns whether an `h5py.Dataset` was written by MATLAB."""
    return read_text_attribute(dataset, "MATLAB_class") is not None or has_mark(dataset.file)


def explain_not_data(dataset: Any) -> str | None:
    """Returns what the numbers in an `h5py.Dataset` of MATLAB are if not the values of an array; None if they are."""
    kind = read_text_attribute(dataset, "MATLAB_class")
    try:
        if dataset.attrs.get("MATLAB_empty"):
            return "the size of an empty MATLAB array"
    except (*H5PY_ERRORS, ValueError):
        return None
    return None if kind is None or kind in NUMBERS else f"a MATLAB {kind}"


def count_axes(shape: tuple[int, ...]) -> int:
    """Returns the number of axes that other programs would give the array:
    MATLAB stores vectors and scalars as matrices."""
    return max(1, sum(extent != 1 for extent in shape))


def guess_matlab_layout(shape: tuple[int, ...]) -> str | None:
    """Returns the layout of an array of this stored shape by MATLAB's conventions; None if it can have several.

    The samples are the rows of a matrix or the values of a vector; images are [H W C N].
    """
    if len(shape) == 2:
        return "NC" if shape[1] == 1 else "CN"
    letters = guess_layout(shape)
    return None if letters is None else letters.translate(str.maketrans("HW", "WH"))


def describe_axes(shape: tuple[int, ...], layout: str | None) -> str:
    """Returns a note on the layout that was guessed for an array of this stored shape."""
    size, stored = "x".join(map(str, shape[::-1])), "x".join(map(str, shape))
    text = f"MATLAB stores axes in reverse, so its {size} array is stored as {stored}"
    if layout is None:
        return f"{text}; say with --layout which of these is N, the samples, and which is C, the channels"
    return f"{text}, which was read as {layout}: {shape[layout.index('N')]:,} samples; --layout reads it in another way"
