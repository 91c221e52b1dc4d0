"""An accumulator gives the statistics of all blocks that were added."""

from __future__ import annotations

import numpy as np
import pytest

from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.moments.moments import Moments


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "float32"])
@pytest.mark.parametrize("kept", [(1, 2), (2,), ()])
@pytest.mark.parametrize("missing_codes", [(), (3.0,), (3.0, 8.0)])
def test_blocks_added_one_by_one_give_the_moments_of_all(
    dtype: str, kept: tuple[int, ...], missing_codes: tuple[float, ...]
) -> None:
    values = np.random.default_rng(4).integers(0, 50, (40, 5, 6)).astype(dtype)
    values[:13][(values[:13] == 3) | (values[:13] == 8)] = 4  # only the first block has no missing value
    running = Accumulator(kept, missing_codes)
    missing = [running.add_block(block) for block in np.split(values, [13, 13, 29])]
    assert missing == [False, False, bool(missing_codes), bool(missing_codes)]
    total, whole = running.finish()[0], Moments.from_block(values, kept, missing_codes)
    for field in ("count", "min", "max", "missing"):
        np.testing.assert_array_equal(getattr(total, field), getattr(whole, field))
    np.testing.assert_allclose(total.mean, whole.mean, rtol=1e-15)
    np.testing.assert_allclose(total.m2, whole.m2, rtol=1e-14)


def test_values_together_have_one_feature_whatever_their_axes() -> None:
    for shape in ((7,), (7, 2)):
        running = Accumulator(())
        running.add_block(np.arange(np.prod(shape), dtype=np.uint8).reshape(shape))
        assert running.finish()[0].mean.shape == (1,)
