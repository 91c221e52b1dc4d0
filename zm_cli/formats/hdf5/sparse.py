"""Sparse matrices in HDF5 files: several datasets, none of which is an array of the values."""

from __future__ import annotations

from typing import Any

from zm_cli.formats.hdf5.names import format_name
from zm_cli.outputs.hdf5_errors import H5PY_ERRORS

PARTS = (frozenset({b"data", b"ir", b"jc"}), frozenset({b"data", b"indices", b"indptr"}))
"""The names of the parts: those of MATLAB, and those of SciPy, AnnData and 10x Genomics."""
SHAPE = b"shape"
"""The name of the dataset with the shape of the matrix."""
MARK = b"MATLAB_sparse"
"""The attribute of a group that holds a sparse matrix of MATLAB. A matrix of zeros lacks some of the parts."""


def find_matrix(dataset: Any) -> str | None:
    """Returns the path of the sparse matrix that an `h5py.Dataset` is a part of; None if it is not one."""
    from h5py import h5a, h5g, h5i

    above, _, name = (h5i.get_name(dataset.id) or b"").rpartition(b"/")
    if name != SHAPE and not any(name in parts for parts in PARTS):
        return None
    try:
        group = h5g.open(h5i.get_file_id(dataset.id), above or b"/")
        is_matrix = any(all(group.links.exists(part) for part in parts) for parts in PARTS)
        return format_name(above or b"/") if is_matrix or h5a.exists(group, MARK) else None
    except H5PY_ERRORS:
        return None
