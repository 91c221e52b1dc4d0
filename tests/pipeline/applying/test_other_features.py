"""Outputs with other features: small blocks where few become many again, and what receipts record."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.made import make_stats
from zm_cli.data.block import BLOCK_BYTES
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import OutputFeatures
from zm_cli.formats import open_source
from zm_cli.numbers.axes import find_feature_axes
from zm_cli.outputs import receipt as receipts
from zm_cli.pipeline.applying import other_features
from zm_cli.pipeline.applying.other_features import describe_made, record_features
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.statistics.covariance import Covariance
from zm_cli.statsfile.stats import Stats

FEATURES = 512
HOW = ApplyOptions(operation="whiten", method="pca", components=1, inverse=True)


def describe(kind: str, names: tuple[str, ...] | None = None) -> Stats:
    """Statistics with many features, one of which is constant."""
    values = np.random.default_rng(20261210).normal(0, 1, (4, FEATURES))
    stats = make_stats(values, "column", axes="NC", names=names, kind=kind)
    return replace(stats, statistics={"covariance": Covariance.from_block(values, find_feature_axes("NC", "column"))})


@pytest.mark.parametrize("suffix", ["h5", "npy", "csv"])
def test_blocks_are_small_where_few_features_become_many(tmp_path: Path, suffix: str) -> None:
    path, column = tmp_path / f"w.{suffix}", np.zeros((50_000, 1))
    names = None
    if suffix == "h5":
        with h5py.File(path, "w") as file:
            file["x"] = column
    elif suffix == "npy":
        np.save(path, column)
    else:
        path.write_text("pc1\n" + "0.25\n" * len(column))
        names = tuple(f"c{index}" for index in range(FEATURES))
    kind = {"h5": "hdf5"}.get(suffix, suffix)
    stats = describe(kind, names)
    source, found = open_to_apply(str(path), ReadOptions(), stats, inverse=True, describe=describe_made(HOW))
    with closing(source):
        samples = [len(source.read(span).values) for span in source.spans()]
        assert sum(samples) == len(column)
        # Of text, 64 kB are read at least.
        assert max(samples) * FEATURES * 8 <= (BLOCK_BYTES if suffix != "csv" else 16 * BLOCK_BYTES)
        # Short blocks are written one by one: none is taken for a small one.
        assert all(span.decoded >= BLOCK_BYTES // 2 for span in list(source.spans())[:-1])
        assert found.sample_shape == (FEATURES,)


def test_receipts_leave_out_names_that_are_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,text,b\n" + "1.5,x,2\n2.5,y,7\n")
    stats = make_stats(np.array([[1.5, 2], [2.5, 7]]), "column", axes="NC", names=("a", "b"), kind="csv")
    made = OutputFeatures("NC", (1,), ("pc1",))
    with closing(open_source(str(path), ReadOptions())) as source:
        recorded = record_features(made, source, stats, inverse=False)
        assert recorded == {"columns": ["a", "b"], "features": ["pc1"], "before": ["a", "text", "b"]}
        assert record_features(made, source, stats, inverse=True) == {"columns": ["a", "b"]}
        assert record_features(None, source, stats, inverse=False) == {"columns": ["a", "b"]}
        monkeypatch.setattr(other_features, "MAX_NAMED", 40)
        monkeypatch.setattr(receipts, "MAX_NAMED", 40)
        assert record_features(made, source, stats, inverse=False) == {"columns": ["a", "b"], "features": ["pc1"]}
