"""Lists the arrays of a NumPy file, if it is not known which one is meant or if none can be measured."""

from __future__ import annotations

import shlex

from zm_cli.data.survey import Content, Survey
from zm_cli.errors import escape_controls
from zm_cli.formats.npy.choose import (
    StoredArray,
    find_candidates,
    find_example,
    is_number,
    is_sparse,
    is_usable,
    list_arrays,
)
from zm_cli.formats.shared.npy_header import NpyHeader


def survey_file(path: str) -> Survey:
    """Returns every array of the NumPy file at `path`; raises DataError if it cannot be read."""
    found = list_arrays(path)
    sparse, candidates = is_sparse(found), find_candidates(found)
    contents = tuple(_describe(array, sparse=sparse) for array in found)
    advice = ""
    if candidates and found[0].name:
        advice = f"try: zm inspect {shlex.quote(path)} --dataset {shlex.quote(find_example(candidates))}"
    noun = "NumPy array" if found and not found[0].name else "NumPy archive"
    return Survey(noun, "array", contents, len(candidates), advice)


def _describe(array: StoredArray, *, sparse: bool) -> Content:
    header, name = array.header, escape_controls(array.name)
    if header is None:
        return Content(name, usable=False, remark="not an array of numbers")
    remark = "part of a sparse matrix" if sparse else "" if is_usable(array) else _explain(header)
    dtype = str(header.dtype.newbyteorder("="))
    return Content(name, dtype, header.shape, header.nbytes, usable=is_usable(array) and not sparse, remark=remark)


def _explain(header: NpyHeader) -> str:
    """Returns why an array with this header cannot be measured."""
    if not is_number(header):
        return "not numbers"
    if 0 in header.shape:
        return "empty"
    return f"{len(header.shape)} axes" if header.shape else "a single number"
