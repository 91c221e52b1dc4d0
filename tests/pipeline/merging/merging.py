"""What the tests of merging share: statistics of made tables and images, as if stats files held them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.made import make_stats
from zm_cli.data.shard import Shard
from zm_cli.pipeline.merging.merge import Merger
from zm_cli.pipeline.outcome import Outcome
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.reader import read_json
from zm_cli.statsfile.stats import SourceRecord, Stats


def merge(*named: Stats | tuple[str, Stats], force: bool = False) -> tuple[Stats, Outcome]:
    """Statistics that are merged; those without a name are called a.json, b.json and so on."""
    merger = Merger(force=force)
    for index, each in enumerate(named):
        merger.add(*(each if isinstance(each, tuple) else (f"{chr(ord('a') + index)}.json", each)))
    return merger.finish()


def read_back(stats: Stats) -> Stats:
    return read_json(to_json(stats.to_document()).encode(), "here")


def digest(number: int) -> str:
    return f"xxh3_128:{number:032x}"


def table(number: int, *columns: str, **changes: Any) -> Stats:
    """The statistics of a table of three rows with these columns, each time other numbers."""
    values = np.random.default_rng(number).normal(size=(3, len(columns)))
    stats = make_stats(values, "column", axes="NC", names=columns, kind="csv")
    record = SourceRecord(f"{number}.csv", "csv", 3, 100, digest(number))
    return replace(stats, sources=(record,), **changes)


def images(number: int, dtype: str = "uint8", per: str = "channel", size: int = 4, **changes: Any) -> Stats:
    values = np.random.default_rng(number).integers(0, 100, (5, size, 3, 3)).astype(dtype)
    stats = make_stats(values, per, axes="NHWC", names=("R", "G", "B"), kind="images")
    return replace(stats, sources=(SourceRecord(f"{number}/", "images", 5, 100, digest(number)),), **changes)


def cut(stats: Stats, index: int, of: int, path: str = "data.csv") -> Stats:
    """The statistics as if they were of a part of a source."""
    return replace(stats, sources=(replace(stats.sources[0], path=path, shard=Shard(index, of)),))
