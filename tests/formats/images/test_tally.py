"""Pictures of 8 bits whose values are counted instead of read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.formats.images.opened import open_images
from tests.formats.images.samples import random_picture, random_values, save_picture
from zm_cli.numbers.axes import Per
from zm_cli.numbers.moments.moments import Moments
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics.zeros import Zeros


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
@pytest.mark.parametrize("ignore", [None, 0.0, 255.0, 17.0])
def test_counted_values_have_the_moments_of_the_values_read(tmp_path: Path, mode: str, ignore: float | None) -> None:
    for index in range(3):
        random_picture("RGB", 300 + index, 250).save(tmp_path / f"{index}.png")
    source = open_images(tmp_path, mode=mode)
    for span in source.spans():
        tally, block = source.tally([span]), source.read(span)
        assert tally is not None
        assert (tally.samples, tally.digest, tally.skipped) == (len(block.values), block.digest, block.skipped)
        missing_codes = () if ignore is None else (ignore,)
        counted, read = (
            Moments.from_counts(tally.counts, missing_codes),
            Moments.from_block(block.values, (3,), missing_codes),
        )
        # Both are exact sums.
        for field in ("count", "missing", "mean", "m2", "min", "max"):
            np.testing.assert_array_equal(getattr(counted, field), getattr(read, field))


def test_modes_without_a_histogram_per_channel_are_not_counted(tmp_path: Path) -> None:
    save_picture(tmp_path / "I;16", "a.png", random_values((300, 300), "uint16"))
    save_picture(tmp_path / "LA", "a.png", random_values((300, 300, 2)))
    for mode in ("I;16", "LA"):
        source = open_images(tmp_path / mode, mode=mode)
        assert source.tally(list(source.spans())) is None


def test_a_file_that_cannot_be_decoded_is_not_counted(tmp_path: Path) -> None:
    random_picture("RGB", 300, 300).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:9000])
    source = open_images(tmp_path, on_error="skip")
    (tally,) = [source.tally([span]) for span in source.spans()]
    assert tally is not None
    assert (tally.samples, int(tally.counts[0].sum())) == (1, 300 * 300)
    assert [sample.name for sample in tally.skipped] == ["b.jpg"]


@pytest.mark.parametrize("per", ["channel", "all"])
def test_classes_are_counted_apart(tmp_path: Path, per: Per) -> None:
    for index, folder in enumerate(["b", "a", "b", ".", "a"]):
        (tmp_path / folder).mkdir(exist_ok=True)
        random_picture("RGB", 300 + index, 250).save(tmp_path / folder / f"{index}.png")
    source = open_images(tmp_path, by="class")
    assert source.tally(list(source.spans())) is not None
    stats, _ = measure([source], MeasureOptions(per=per, statistics=(Zeros,), ignore=17.0), Plan(1))
    assert stats.groups is not None
    assert (stats.groups.names, stats.groups.samples.tolist(), stats.groups.unlabelled) == (("a", "b"), [2, 2], 1)
    for index, name in enumerate(stats.groups.names):
        alone, _ = measure(
            [open_images(tmp_path / name)], MeasureOptions(per=per, statistics=(Zeros,), ignore=17.0), Plan(1)
        )
        for field in ("count", "missing", "mean", "m2", "min", "max"):
            found = getattr(stats.groups.moments, field)[index]
            np.testing.assert_array_equal(found, getattr(alone.moments, field))
        np.testing.assert_array_equal(
            stats.groups.statistics[index][0].to_document()["zeros"], alone.statistics["zeros"].to_document()["zeros"]
        )
