"""The receipt of an archive keeps what was done to each of its arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.pipeline.applying.writing import write
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError
from zm_cli.formats import open_source
from zm_cli.outputs.receipt import OF_OTHER_DATA, describe_receipt
from zm_cli.pipeline.options import ApplyOptions


def state(path: Path, name: str) -> str | None:
    return describe_receipt(open_source(str(path), ReadOptions(dataset=name)).receipt)


def test_arrays_that_were_transformed_one_after_the_other_are_all_known(tmp_path: Path) -> None:
    values = np.random.default_rng(9).gamma(4, 2, (20, 3))
    np.savez(tmp_path / "a.npz", x=values, y=values, z=values)
    first = write(tmp_path / "a.npz", tmp_path / "b.npz", dataset="x")
    write(tmp_path / "b.npz", tmp_path / "c.npz", None, ApplyOptions("center"), dataset="y")
    assert [state(tmp_path / "c.npz", name) for name in "xyz"] == ["standardized", "centered", None]
    with pytest.raises(DataError, match="is standardized already"):
        write(tmp_path / "c.npz", tmp_path / "d.npz", None, ApplyOptions("center"), dataset="x")
    undo = ApplyOptions("standardize", inverse=True)
    write(tmp_path / "c.npz", tmp_path / "d.npz", first.stats, undo, dataset="x")
    assert [state(tmp_path / "d.npz", name) for name in "xyz"] == ["standardized, then undone", "centered", None]
    with np.load(tmp_path / "d.npz") as restored:
        np.testing.assert_allclose(restored["x"], values, rtol=1e-12)
    np.savez(tmp_path / "d.npz", x=values, y=values)
    assert open_source(str(tmp_path / "d.npz"), ReadOptions(dataset="y")).receipt is OF_OTHER_DATA
