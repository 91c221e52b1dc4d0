"""The output dataset: stored like the input dataset, and notes on what could not be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from tests.formats.hdf5.files import draw, rewrite, save, set_block_bytes


@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"chunks": (3, 5)},
        {"chunks": (7, 2), "compression": "gzip", "compression_opts": 7, "shuffle": True},
        {"chunks": (20, 1), "compression": "lzf", "fletcher32": True},
        {"chunks": (4, 5), "maxshape": (None, 9)},
    ],
)
def test_chunks_filters_and_largest_shape_are_kept(
    tmp_path: Path, storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_block_bytes(monkeypatch, 30)
    values = draw((20, 5), "u2")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=values, fillvalue=9, **storage)
    assert rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5") == []
    names = ("chunks", "compression", "compression_opts", "shuffle", "fletcher32", "maxshape", "fillvalue")
    with h5py.File(tmp_path / "data.h5") as old, h5py.File(tmp_path / "out.h5") as new:
        assert [getattr(new["x"], name) for name in names] == [getattr(old["x"], name) for name in names]
        np.testing.assert_array_equal(new["x"][()], values + np.float32(0.5))


def test_filters_for_integers_are_dropped_with_a_note(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=draw((20, 5), "i4"), chunks=(5, 5), scaleoffset=0, compression="gzip")
    (note,) = rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert "scaleoffset" in note
    with h5py.File(tmp_path / "out.h5") as file:
        assert (file["x"].scaleoffset, file["x"].compression) == (None, "gzip")
        np.testing.assert_array_equal(file["x"][()], draw((20, 5)) + 0.5)


def test_a_fill_value_that_the_new_dtype_cannot_hold_is_dropped_with_a_note(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=draw((4, 5), "i8"), fillvalue=2**24 + 1)
    (note,) = rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5")
    assert "16777217" in note


@pytest.mark.parametrize("kind", ["compact", "virtual", "external"])
def test_values_stored_elsewhere_are_written_to_the_output_itself(tmp_path: Path, kind: str) -> None:
    values = draw((8, 5), "u2")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        if kind == "compact":
            plist = h5p.create(h5p.DATASET_CREATE)
            plist.set_layout(h5d.COMPACT)
            h5d.create(file.id, b"x", h5t.STD_U16LE, h5s.create_simple(values.shape), plist)
            file["x"][()] = values
        elif kind == "external":
            file.create_dataset("x", data=values, external=[(str(tmp_path / "raw.bin"), 0, values.nbytes)])
        else:
            save(tmp_path, "part.h5", y=values)
            layout = h5py.VirtualLayout(values.shape, "u2")
            layout[:] = h5py.VirtualSource(str(tmp_path / "part.h5"), "y", values.shape)
            file.create_virtual_dataset("x", layout)
    rewrite(str(tmp_path / "data.h5"), tmp_path / "out.h5", allow_external=True)
    for elsewhere in ("raw.bin", "part.h5"):
        (tmp_path / elsewhere).unlink(missing_ok=True)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["x"].id.get_create_plist().get_layout() == h5d.CONTIGUOUS
        assert not file["x"].is_virtual
        np.testing.assert_array_equal(file["x"][()], values + 0.5)
