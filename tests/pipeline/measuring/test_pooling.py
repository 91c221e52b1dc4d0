"""Pooling sources: what they have in common, and that what comes of it can be read again."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.measuring.pooling import Alike, find_difference, pool_classes, pool_shapes
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.store import load_stats, save_stats


def test_arrays_of_several_widths_are_pooled_into_statistics_that_can_be_read(tmp_path: Path) -> None:
    for name, width in (("a", 3), ("b", 5)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"] = np.arange(10.0 * width).reshape(10, width)
    sources = [open_source(str(tmp_path / f"{name}.h5"), ReadOptions()) for name in "ab"]
    stats, _ = measure(sources, MeasureOptions(per="all"), Plan(1))
    assert stats.sample_shape == (None,)
    save_stats(stats, str(tmp_path / "s.json"))
    assert load_stats(str(tmp_path / "s.json")).moments.count.tolist() == [80]


def test_sizes_and_classes_are_pooled() -> None:
    assert pool_shapes([(4, 5), (4, 6), (None, 6)]) == (None, None)
    assert pool_shapes([(4, 5), (4, 5)]) == (4, 5)
    assert pool_classes([("b",), ("a", "b"), ()]) == ("a", "b")
    assert pool_classes([(), ()]) is None


def test_a_source_and_its_statistics_are_alike(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,t\n1,a\n2,b\n")
    source = open_source(str(tmp_path / "a.csv"), ReadOptions())
    stats, _ = measure([source], MeasureOptions(), Plan(1))
    assert Alike.of_source(source.spec) == Alike.of_stats(stats)
    assert find_difference(Alike.of_source(source.spec), Alike.of_stats(stats), "column") is None
