"""The spans that a worker gets at a time when an output is written."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload


@dataclass(frozen=True)
class Watched(Plan):
    """A plan that records the items of every task."""

    seen: list[Any] = field(default_factory=list)

    def map(self, task: Callable[[Any], Any], items: Iterable[Any], workload: Workload) -> Generator[Any, None, None]:
        listed = list(items)
        self.seen.append(listed)
        yield from super().map(task, listed, workload)


def test_small_images_of_many_sizes_are_written_in_batches(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for index in range(30):
        Image.fromarray(np.zeros((8, 5 + index % 7), np.uint8)).save(tmp_path / "images" / f"{index:02}.png")
    source, plan = open_source(str(tmp_path / "images"), ReadOptions()), Watched(workers=1)
    stats, _ = measure([source], MeasureOptions(), Plan(workers=1))
    apply(source, stats, str(tmp_path / "out"), ApplyOptions(), plan, own=True)
    assert [len(batch) for batch in plan.seen[-1]] == [30]
    assert len(list((tmp_path / "out").glob("*.npy"))) == 30
