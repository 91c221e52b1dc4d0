"""Batches of spans: the same bits for any number of workers, in the right order."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from zm_cli.cli.messages import Messages
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.formats import open_source
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.stored import RealValues
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.measuring.measure_spans import SpanStatistics
from zm_cli.pipeline.measuring.span_batches import MAX_SPANS, batch_spans
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.running.worker_process import may_fork

SAMPLES = 150


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(8).normal(3, 2, (SAMPLES, 10, 10)).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two samples of 400 bytes to a span."""
    monkeypatch.setattr(block, "BLOCK_BYTES", 800)


def opened(folder: Path, values: np.ndarray) -> Source:
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = values
    return open_source(str(folder / "x.h5"), ReadOptions(layout="NHW"))


def test_large_samples_are_measured_per_pixel_in_batches(tmp_path: Path, values: np.ndarray) -> None:
    source = opened(tmp_path, values)
    assert [len(batch) for batch in batch_spans(source, "pixel")] == [MAX_SPANS, MAX_SPANS, 11]
    assert {len(batch) for batch in batch_spans(source, "all")} == {1}


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_batches_give_the_same_bits_for_any_number_of_workers(tmp_path: Path, values: np.ndarray, dtype: str) -> None:
    values[70, 3, 4] = np.inf if dtype == "float32" else 9
    source = opened(tmp_path, np.abs(values).astype(dtype))
    options = MeasureOptions("pixel")
    (one, outcome), (several, _) = measure([source], options, Plan(1)), measure([source], options, Plan(3))
    assert one.to_document().keys() == several.to_document().keys()
    for field in ("count", "mean", "m2", "min", "max", "missing"):
        np.testing.assert_array_equal(getattr(one.moments, field), getattr(several.moments, field))
    assert one.sources == several.sources
    assert one.samples == SAMPLES
    assert ("infinite values counted as missing: 1" in outcome.warnings) == (dtype == "float32")


def test_a_missing_value_in_a_later_batch_is_reported_by_its_sample(tmp_path: Path, values: np.ndarray) -> None:
    values[[70, 75], 3, 4] = np.nan
    with pytest.raises(DataError, match="sample 71: is missing"):
        measure([opened(tmp_path, values)], MeasureOptions("pixel", missing="error"), Plan(2))


@pytest.mark.skipif(not may_fork(), reason="this process cannot be forked safely")
def test_a_progress_bar_does_not_prevent_forking(tmp_path: Path, values: np.ndarray) -> None:
    with Messages(progress=True).progress_bar([opened(tmp_path, values)], "measuring") as tick:
        tick(1, 1)
        assert may_fork()


def test_counts_of_batches_are_summed_once_and_exactly() -> None:
    values = np.random.default_rng(5).integers(0, 256, (2, 30, 3), dtype=np.uint8)
    total = SpanStatistics(0)
    for samples in values:
        total.add(SpanStatistics(0, counts=np.stack([np.bincount(column, minlength=256) for column in samples.T])))
    found, _ = total.conclude((3,), (), RealValues())
    whole = Moments.from_block(values.reshape(-1, 3), (1,))
    for field in ("count", "mean", "m2", "min", "max", "missing"):
        np.testing.assert_array_equal(getattr(found, field), getattr(whole, field))
