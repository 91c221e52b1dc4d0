"""What measuring plans before it begins: the memory for a block and its statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zm_cli.data.block import BLOCK_BYTES
from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.measuring.measure import estimate_block_bytes, plan_measuring
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.statistics.quantiles import Quantiles


def test_sketches_of_many_columns_are_planned_as_large_as_a_block_can_make_them(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 4096), np.float32))
    source = open_source(str(tmp_path / "x.npy"), ReadOptions())
    work = plan_measuring([source], "column", MeasureOptions(statistics=(Quantiles,)))
    values = BLOCK_BYTES // 4
    assert 8 * 2 * values < work.block_bytes - estimate_block_bytes(source) < 8 * 2 * values + 8 * 20 * 4096
    assert Quantiles.count_numbers(4096) > 2 * values
    source.close()
