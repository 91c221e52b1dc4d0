"""The bytes of a stats file in each of its forms: JSON, .npz and HDF5, the same fields in each; never pickle."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.errors import DataError
from zm_cli.statsfile.json_text import HEADER_BYTES
from zm_cli.statsfile.npz import HEADER


def to_json(document: Mapping[str, Any]) -> str:
    """Returns the document as JSON, one line per field; floats as the shortest text that reads back to the same bits.

    The arrays of a section, such as `quantiles.values`, are fields of one object.
    """
    lines = [
        f"  {json.dumps(field)}: {json.dumps(_to_plain(value), allow_nan=False)}"
        for field, value in nest_sections(document).items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def nest_sections(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the document with the fields of each section in an object: `{"a.b": 1}` becomes `{"a": {"b": 1}}`."""
    nested: dict[str, Any] = {}
    for field, value in document.items():
        *sections, name = field.split(".")
        inside = nested
        for section in sections:
            # The object may already hold other fields; it is copied because it belongs to the caller.
            inside[section] = inside = dict(inside.get(section, {}))
        inside[name] = value
    return nested


def encode_json(document: Mapping[str, Any]) -> bytes:
    """Returns the bytes of a JSON stats file; DataError if it would be too large to be read."""
    _split(document)
    return to_json(document).encode()


def encode_npz(document: Mapping[str, Any]) -> bytes:
    """Returns the bytes of an .npz stats file; DataError if it would be too large to be read."""
    header, arrays = _split(document)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{HEADER: np.array(header)}, **arrays)
    return buffer.getvalue()


def encode_hdf5(document: Mapping[str, Any]) -> bytes:
    """Returns the bytes of an HDF5 stats file; DataError if it would be too large to be read."""
    import h5py

    header, arrays = _split(document)
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs[HEADER] = header
        for field, array in arrays.items():
            file.create_dataset(field.replace(".", "/"), data=array, track_times=False)
    return buffer.getvalue()


def _to_plain(value: Any) -> Any:
    """Returns the value as JSON can hold it: arrays as lists, with None for NaN and infinities."""
    if isinstance(value, dict):
        return {field: _to_plain(entry) for field, entry in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        finite = value.astype(object)
        finite[~np.isfinite(value)] = None
        return finite.tolist()
    return value.tolist()


def _split(document: Mapping[str, Any]) -> tuple[str, dict[str, NDArray[Any]]]:
    """Returns the JSON of the fields that are not arrays, and the arrays; DataError if the JSON is too large."""
    arrays = {field: value for field, value in document.items() if isinstance(value, np.ndarray)}
    header = to_json({field: value for field, value in document.items() if field not in arrays})
    if len(header) > HEADER_BYTES:
        raise DataError(
            f"a stats file holds at most {HEADER_BYTES // 10**6} MB of names, here are {len(header) // 10**6} MB",
            hint="measure fewer columns, or remove the files that cannot be read",
        )
    return header, arrays
