"""What a NumPy file holds, where no array of it can be chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zm_cli.data.options import ReadOptions
from zm_cli.data.survey import Content
from zm_cli.errors import NothingToMeasureError, UsageError
from zm_cli.formats import formats, open_source


def test_every_array_of_an_archive_is_listed_and_the_training_one_proposed(tmp_path: Path) -> None:
    path = tmp_path / "x y.npz"
    np.savez(
        path, x_test=np.ones((9, 4)), x_train=np.ones((5, 4), "f4"), y=np.ones(5), note=np.array("text"), s=np.ones(())
    )
    found = formats()["npy"].survey(str(path), ReadOptions())
    assert found is not None
    assert found.contents == (
        Content("x_test", "float64", (9, 4), 288),
        Content("x_train", "float32", (5, 4), 80),
        Content("y", "float64", (5,), 40),
        Content("note", usable=False, remark="not an array of numbers"),
        Content("s", "float64", (), 8, usable=False, remark="a single number"),
    )
    assert (found.choices, found.advice) == (2, f"try: zm inspect '{path}' --dataset x_train")


def test_a_message_lists_a_few_arrays_and_says_where_the_others_are(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {f"a{index}": np.ones((2, 2)) for index in range(30)}
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(UsageError, match=r"a3 .* and 26 more; .*zm inspect .* lists all"):
        open_source(str(tmp_path / "x.npz"), ReadOptions())


@pytest.mark.parametrize("parts", [("indices", "indptr"), ("row", "col")])
def test_a_sparse_matrix_is_not_an_array(tmp_path: Path, parts: tuple[str, ...]) -> None:
    arrays: dict[str, Any] = {name: np.ones(5) for name in (*parts, "data", "shape")}
    np.savez(tmp_path / "x.npz", format=np.array(b"csr"), **arrays)
    with pytest.raises(NothingToMeasureError, match="holds a sparse matrix"):
        open_source(str(tmp_path / "x.npz"), ReadOptions())
    found = formats()["npy"].survey(str(tmp_path / "x.npz"), ReadOptions())
    assert found is not None
    assert (found.choices, any(content.usable for content in found.contents)) == (0, False)
