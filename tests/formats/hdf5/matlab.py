"""Files as MATLAB 7.3 writes them: a user block, classes as attributes, and the axes of every array in reverse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np


def save_matlab(path: Path, **arrays: Any) -> str:
    """Returns a file with these arrays, each as MATLAB has it: a matrix of samples and features, images [H W C N]."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            put_array(file, name, values)
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return str(path)


def put_array(group: h5py.Group, name: str, values: Any, kind: str = "double") -> Any:
    """Adds an array to a file or group."""
    dataset = group.create_dataset(name, data=np.asarray(values).T)
    dataset.attrs["MATLAB_class"] = np.bytes_(kind)
    return dataset


def put_other_things(file: h5py.File) -> None:
    """Adds what is not an array of numbers: a sparse matrix, a text, an empty array, a cell array with its contents."""
    matrix = file.create_group("S")
    matrix.attrs["MATLAB_class"] = np.bytes_("double")
    matrix.attrs["MATLAB_sparse"] = np.uint64(9)
    for name in ("data", "ir", "jc"):
        matrix[name] = np.ones(5)
    put_array(file, "text", np.array([[104, 105]], "u2"), "char").attrs["MATLAB_int_decode"] = np.int32(2)
    empty = file.create_dataset("none", data=np.array([0, 7], "u8"))
    empty.attrs["MATLAB_class"] = np.bytes_("double")
    empty.attrs["MATLAB_empty"] = np.uint8(1)
    put_array(file.create_group("#refs#"), "a", np.ones((50, 50)))
    cells = file.create_dataset("cells", (1, 1), h5py.ref_dtype)
    cells.attrs["MATLAB_class"] = np.bytes_("cell")
    cells[0, 0] = file["#refs#/a"].ref
