"""The quantiles that methods scale by are those that stats files show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.made import make_stats
from zm_cli.methods.shared.percents import find_quantiles
from zm_cli.statistics.quantiles import Quantiles


def test_methods_scale_by_the_quantiles_that_are_shown() -> None:
    values = np.random.default_rng(1).normal(size=(1000, 3))
    quantiles = Quantiles.from_block(values, (1,)).configure((33.3, 66.6))
    stats = replace(make_stats(values, "column", axes="NC", kind="csv"), statistics={"quantiles": quantiles})
    found = find_quantiles(stats, (33.3, 66.6))
    assert found.tobytes() == quantiles.to_document()["quantiles.values"].tobytes()
