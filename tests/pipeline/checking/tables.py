"""What tests of checks and comparisons share: statistics of small tables, and how two are compared."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.made import make_stats
from zm_cli.pipeline.checking.compare import compare_stats
from zm_cli.pipeline.checking.findings import Findings
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.pipeline.checking.training import Training
from zm_cli.statsfile.stats import Stats


def table(values: Any, names: tuple[str, ...] = ("a", "b")) -> Stats:
    return make_stats(np.asarray(values, dtype=np.float64), "column", axes="NC", names=names, kind="csv")


def compare(new: Stats, train: Stats, limits: Limits | None = None, **columns: Any) -> Findings:
    return compare_stats("new", new, Training("train", train, **columns), limits or Limits())


def column(values: Any) -> Stats:
    return table(np.asarray(values, dtype=np.float64)[:, np.newaxis], ("a",))
