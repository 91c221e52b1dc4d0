"""Empty statistics for methods that need none: they describe the data and how they are read."""

from __future__ import annotations

from zm_cli.data.source import Source
from zm_cli.numbers.moments.moments import Moments
from zm_cli.statsfile.stats import SourceRecord, Stats


def describe_unmeasured(source: Source, ignore: float | None) -> Stats:
    """Returns statistics of no samples that fit the source; values equal to `ignore` are missing."""
    spec = source.spec
    table = spec.axes == "NC"
    return Stats(
        per="column" if table else "all",
        samples=0,
        axes=spec.axes,
        sample_shape=spec.sample_shape,
        names=spec.names,
        classes=source.classes or None,
        dtype=spec.dtype.name,
        unit=False,
        ignore=ignore,
        decoding=spec.decoding,
        sources=(SourceRecord(source.path, spec.kind, 0, 0, ""),),
        text_columns=spec.text_columns,
        moments=Moments.identity((spec.sample_shape[0] or 0,) if table else (1,)),
    )
