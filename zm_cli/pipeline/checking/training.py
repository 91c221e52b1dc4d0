"""Training: the statistics that new data are compared with; opens data for that comparison."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial

from zm_cli.data.format import OpeningTick, ignore_opening
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect, open_source
from zm_cli.formats.shared.options import BY
from zm_cli.inputs.columns import select_columns
from zm_cli.pipeline.opening import open_to_apply, replay
from zm_cli.running.plan import Plan
from zm_cli.statsfile.fitting import check_fits
from zm_cli.statsfile.stats import Stats


@dataclass(frozen=True)
class Training:
    """The training statistics to compare with, their file, and the columns to compare (None: all) or to exclude."""

    path: str
    stats: Stats
    columns: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None

    @property
    def by_name(self) -> bool:
        """Whether features are columns, which are found by name."""
        return self.stats.per == "column" and self.stats.names is not None

    def select_stats(self) -> Stats:
        """Returns the statistics of the chosen columns; UsageError if a name matches no column or none is left."""
        if not self.by_name:
            return self.stats
        names = self.stats.names or ()
        chosen = None if self.columns is None else select_columns(self.columns, names, self.path)
        excluded = select_columns(self.exclude or (), names, self.path)
        keep = [name for name in names if (chosen is None or name in chosen) and name not in excluded]
        if not keep:
            raise UsageError("no column is left to compare", where=self.path, hint="exclude fewer columns")
        return self.stats if len(keep) == len(names) else self.stats.select(keep)


def open_to_compare(
    path: str,
    options: ReadOptions,
    training: Training,
    kind: str | None = None,
    *,
    plan: Plan | None = None,
    tick: OpeningTick = ignore_opening,
) -> Source:
    """Opens the source at `path` to be read like the training data, with all of its numeric columns as features.

    Its samples are grouped by the same label as those of the training data, if it has that label. `plan` and `tick` are
    those of `open_source`. Raises DataError if `options` contradict how the training data were read, or if the source
    does not fit them; UsageError as `open_source`.
    """
    opening = partial(_open, path, training=training, kind=kind, plan=plan, tick=tick)
    by = training.stats.decoding.get(BY.name)
    # A pipe can be opened only once.
    if by is None or options.get(BY) is not None or not (os.path.isfile(path) or os.path.isdir(path)):
        return opening(options)
    if BY not in detect(path, kind, preferred=training.stats.kind).options:
        return opening(options)
    try:
        return opening(options.replace(**{BY.name: by}))
    except (UsageError, DataError):
        return opening(options)


def _open(
    path: str, options: ReadOptions, *, training: Training, kind: str | None, plan: Plan | None, tick: OpeningTick
) -> Source:
    """Opens the source with these options and those of the training data."""
    stats = training.stats
    if training.by_name and detect(path, kind).kind == stats.kind:
        replayed = replay(options, stats, path)
        numeric = training.select_stats().names
        wanted = replayed.replace(columns=None, exclude=None, numeric=numeric)
        return open_source(path, wanted, kind, plan=plan, tick=tick)
    source, _ = open_to_apply(path, options, stats, kind, plan=plan, tick=tick)
    try:
        check_fits(stats, source.spec, path)
    except DataError:
        source.close()
        raise
    return source
