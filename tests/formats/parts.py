"""Writes parts of datasets, for the tests that join them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.data.sink import WriteOptions
from zm_cli.formats import open_source
from zm_cli.outputs.shard_record import record_shard
from zm_cli.pipeline.applying.output import create_sink

RECEIPT = {"format": "zm-receipt", "version": 1, "operation": "center"}


def write_part(path: str | Path, output: Path, shard: Shard | None, **options: Any) -> list[str]:
    """Writes the samples of a dataset, or of one part of them, as float32; returns the notes."""
    source = open_source(str(path), ReadOptions(shard=shard, **options))
    receipt = {**RECEIPT, **record_shard(shard, source.receipt, str(path))}
    sink = create_sink(source, str(output), WriteOptions(np.dtype("float32"), receipt))
    for span in source.spans():
        sink.write(sink.encode(source.read(span)))
    sink.commit()
    source.close()
    return sink.notes


def write_parts(path: str | Path, folder: Path, number: int, suffix: str, **options: Any) -> list[str]:
    """Writes all parts of a dataset to a folder; returns their paths in order."""
    parts = [folder / f"part{index}{suffix}" for index in range(1, number + 1)]
    for index, part in enumerate(parts, start=1):
        write_part(path, part, Shard(index, number), **options)
    return list(map(str, parts))
