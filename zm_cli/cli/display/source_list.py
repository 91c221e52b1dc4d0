"""Lists the sources of statistics for `inspect`, a line for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zm_cli.cli.display.tables import format_samples, format_size
from zm_cli.data.shard import Shard
from zm_cli.inputs.standard_input import name_input
from zm_cli.statsfile.shards import add_bytes
from zm_cli.statsfile.stats import SourceRecord

MAX_LINES = 20
"""The most sources that are listed, unless all are asked for."""


def list_sources(sources: Sequence[SourceRecord], *, everything: bool = False) -> list[str]:
    """Returns a line for each source, with its digest; parts of one source are counted, unless all are asked for."""
    if everything:
        return [_describe(source, source.digest, source.shard) for source in sources]
    together: dict[object, list[SourceRecord]] = {}
    for index, source in enumerate(sources):
        key = index if source.shard is None else (source.path, source.shard.of)
        together.setdefault(key, []).append(source)
    lines = [_describe_together(parts) for parts in together.values()]
    more = len(lines) - MAX_LINES
    return lines if more <= 0 else [*lines[:MAX_LINES], f"{more:,} more, which -v lists"]


def _describe_together(parts: Sequence[SourceRecord]) -> str:
    """Returns one line for the parts of a source, or for all of it."""
    first, *others = parts
    if not others or first.shard is None:
        return _describe(first, first.digest, first.shard)
    whole = replace(
        first,
        samples=sum(part.samples for part in parts),
        bytes=add_bytes(parts),
        skipped_more=sum(part.skipped_total for part in parts) - len(first.skipped),
    )
    number, of = len({part.shard for part in parts}), first.shard.of
    return _describe(whole, f"in {number:,} parts" if number == of else f"{number:,} of {of:,} parts", None)


def _describe(source: SourceRecord, end: str, shard: Shard | None) -> str:
    part = "" if shard is None else f", part {shard}"
    skipped = f", left out {source.skipped_total:,}" if source.skipped_total else ""
    path = name_input(source.path)
    return f"{path}{part}: {format_samples(source.samples)}, {format_size(source.bytes)}{skipped}, {end}"
