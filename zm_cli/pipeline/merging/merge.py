"""Merges the statistics of stats files one after another: what can be merged, what is doubted, and what is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from zm_cli.errors import DataError, NothingToMeasureError
from zm_cli.formats import reading_options
from zm_cli.formats.shared.options import BY, MASK, MASK_AND_SCALE, WEIGHT
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.groups.groups import SECTION, Groups
from zm_cli.numbers.statistic import Statistic
from zm_cli.pipeline.measuring.conclude import check_finite, drop_empty, warn_of_features
from zm_cli.pipeline.measuring.pooling import (
    COLUMNS_DIFFER,
    Alike,
    Difference,
    advise,
    are_files_beside,
    find_difference,
    list_decisive,
    pool_classes,
    pool_shapes,
)
from zm_cli.pipeline.merging.sources import SourcePool
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.words import list_names, name_source, spell
from zm_cli.statsfile.fields import MOST
from zm_cli.statsfile.stats import Stats

_CONSEQUENCES = {
    "trial": "; the result is of a trial, too",
    "again": "",
    "missing": "; what is missing can be merged with the result later",
}
"""What the warning of a doubt that was overruled says besides it."""


class Merger:
    """Merges statistics in the order in which they are added; it keeps the merged ones only.

    They have the bits of `zm stats` over the same sources in the same order. With `force`, doubts become warnings:
    statistics of a trial, a source that comes twice, parts that are missing.
    """

    def __init__(self, *, force: bool = False) -> None:
        self._force = force
        self._outcome = Outcome()
        self._sources = SourcePool()
        self._files: list[str] = []
        self._merged: Stats | None = None
        self._doubts: set[str] = set()
        self._dropped: set[str] = set()
        """The optional statistics that some file lacks."""
        self._with_sums = False
        self._without_sums: str | None = None
        """The first file that has values but not the exact sums of integers."""
        self._lacking: dict[str, str] = {}
        """The first file in which a column of a table is not a feature."""

    def add(self, path: str, stats: Stats) -> None:
        """Adds the statistics of the stats file at `path`.

        Raises DataError, naming both files, where they cannot be merged with those before, and where they are doubted.
        """
        where = name_input(path)
        if self._merged is not None:
            self._check_alike(self._merged, stats, where)
        if stats.partial:
            self._doubt("trial", f"is of {stats.trial}", where, "measure all of the data")
        if again := self._sources.find_again(stats.sources):
            record, other = again
            part = "" if record.shard is None else f"part {record.shard} of "
            what = f"has a source that is in {other}, too: {part}{name_input(record.path)}"
            self._doubt("again", what, where, "each sample must count once")
        self._sources.add(where, stats.sources)
        self._files.append(where)
        self._outcome.samples += stats.samples
        for column in stats.text_columns or ():
            self._lacking.setdefault(column, where)
        if stats.moments.sums is not None:
            self._with_sums = True
        elif stats.moments.count.any():
            self._without_sums = self._without_sums or where
        # Records are in the pool; the first one says of which kind the data are.
        stats = replace(stats, sources=stats.sources[:1], provenance=None)
        self._merged = stats if self._merged is None else self._merge(self._merged, stats, where)

    def finish(self) -> tuple[Stats, Outcome]:
        """The merged statistics, and the notes and warnings about them.

        Raises DataError where parts of a source are missing, where there are no samples or no numbers, and where
        squares overflow.
        """
        stats, outcome, where = self._merged, self._outcome, self._name_files()
        assert stats is not None
        missing = self._sources.list_missing()
        if missing:
            first, *others = missing
            more = f", so are parts of {len(others):,} more" if others else ""
            hint = f"zm stats --shard {first.first} measures {'it' if first.count == 1 else 'the first'}"
            self._doubt("missing", f"{first}{more}", name_input(first.path), hint)
        if self._with_sums and self._without_sums is not None:
            what = "has no exact sums of integers ('sum' and 'squares')"
            outcome.note([f"{self._without_sums}: {what}, so that the result has none"])
        stats = replace(stats, samples=outcome.samples, sources=self._sources.finish())
        if self._sources.has_shards and not missing and stats.per == "column" and stats.names is not None:
            stats = drop_empty(stats, outcome)
        if not stats.moments.count.any() and not missing:
            what = "have no numbers" if stats.samples else "have no samples"
            raise NothingToMeasureError(what, where=where, hint="are there other parts of the data?")
        if max(stats.samples, *(max(each.bytes, each.skipped_total) for each in stats.sources)) > MOST:
            raise _too_many(where)
        check_finite(stats, where)
        warn_of_features(stats, outcome)
        return stats, outcome

    def _check_alike(self, mine: Stats, theirs: Stats, where: str) -> None:
        """Raises DataError where statistics cannot be merged with those before."""
        first = self._files[0]
        if found := _find_difference(mine, theirs):
            what, ours, its = found
            option = reading_options().get(what)
            shown = spell(what) if option is not None and option.panel is not None else what
            raise DataError(
                f"cannot be merged with {first}: {shown} {_show(its)} instead of {_show(ours)}",
                where=where,
                hint=_advise(what, shown, mine),
            )
        if mine.per != "column" or mine.names is None:
            return
        more, fewer = _compare_columns(mine, theirs)
        if more or fewer:
            raise DataError(
                f"cannot be merged with {first}: {_list_other(more, 'has')}{', and ' * bool(more and fewer)}"
                f"{_list_other(fewer, 'lacks')}",
                where=where,
                hint=_advise(COLUMNS_DIFFER, COLUMNS_DIFFER, mine),
            )

    def _doubt(self, kind: str, what: str, where: str, hint: str) -> None:
        """Raises DataError for a doubt or, where it is overruled, warns of the first one of its kind."""
        if not self._force:
            raise DataError(what, where=where, hint=f"{hint}; --force merges anyway")
        if kind not in self._doubts:
            self._doubts.add(kind)
            self._outcome.warn(f"{where}: {what}{_CONSEQUENCES[kind]}")

    def _merge(self, mine: Stats, theirs: Stats, where: str) -> Stats:
        known = [each.text_columns for each in (mine, theirs) if each.text_columns is not None]
        text = {column for columns in known for column in columns}
        if mine.per == "column" and mine.names is not None and mine.names != theirs.names:
            common = set(mine.names).intersection(theirs.names or ())
            text |= set(mine.names).symmetric_difference(theirs.names or ())
            self._tell_left(mine, theirs, common, where)
            # Columns can come in another order.
            kept = [name for name in mine.names if name in common]
            mine, theirs = mine.select(kept), theirs.select(kept)
        moments = mine.moments.merge(theirs.moments)
        # Counts in a file can be as large as 64 bits allow.
        if (moments.count < 0).any() or (moments.missing < 0).any():
            raise _too_many(self._name_files())
        statistics = self._merge_statistics(mine, theirs, where)
        groups = self._merge_groups(mine, theirs, [*statistics], where)
        decoding = _complete(mine, theirs)
        return replace(
            mine,
            sample_shape=_pool_shapes(mine, theirs),
            classes=_pool_classes(mine, theirs),
            text_columns=tuple(sorted(text)) if known else None,
            partial=mine.partial or theirs.partial,
            decoding={**decoding, BY.name: None} if groups is None and decoding.get(BY.name) else decoding,
            moments=moments,
            statistics=statistics,
            groups=groups,
        )

    def _tell_left(self, mine: Stats, theirs: Stats, common: Set[str], where: str) -> None:
        """Warns of columns that are features in some files only; DataError where no column is left."""
        if not common:
            hint = "merge statistics of the same columns"
            raise DataError("have no column of numbers in common", where=self._name_files(), hint=hint)
        for names, other in ((mine.names, where), (theirs.names, self._files[0])):
            for name in names or ():
                if name not in common:
                    lacking = self._lacking.setdefault(name, other)
                    self._outcome.warn(f"{lacking}: column '{name}' is left out: it is not a feature there")

    def _merge_statistics(self, mine: Stats, theirs: Stats, where: str) -> dict[str, Statistic]:
        """The optional statistics that both have; a note names each that is dropped, and the first file without it."""
        ours, others = mine.statistics, theirs.statistics
        lacking = {name: where for name in ours if name not in others}
        lacking |= {name: self._files[0] for name in others if name not in ours}
        for name, file in lacking.items():
            if name not in self._dropped:
                self._dropped.add(name)
                self._outcome.note([f"{file}: has no '{name}', so that the result has none"])
        return {name: statistic.merge(others[name]) for name, statistic in ours.items() if name in others}

    def _merge_groups(self, mine: Stats, theirs: Stats, statistics: Sequence[str], where: str) -> Groups | None:
        """The statistics by group where both have them by the same; a note names the first file that has not."""
        ours, its = mine.groups, theirs.groups
        sides = Alike.of_stats(mine), Alike.of_stats(theirs)
        if ours is not None and its is not None and (ours.by == its.by or are_files_beside(BY.name, *sides)):
            with name_source(where):
                return ours.keep_statistics(statistics).merge(its.keep_statistics(statistics))
        if (ours or its) and SECTION not in self._dropped:
            self._dropped.add(SECTION)
            if ours is not None and its is not None:
                found = f"has groups by {its.by}, {self._files[0]} by {ours.by}"
                self._outcome.note([f"{where}: {found}, so that the result has none"])
            else:
                lacking = where if its is None else self._files[0]
                self._outcome.note([f"{lacking}: has no groups ({spell(BY.name)}), so that the result has none"])
        return None

    def _name_files(self) -> str:
        """The files in a few words, for messages."""
        more = len(self._files) - 1
        return f"{self._files[0]} and {more:,} more" if more > 1 else " and ".join(self._files)


def _find_difference(mine: Stats, theirs: Stats) -> Difference | None:
    """The first difference that rules out a merge, other than that of the columns of tables; None without one."""
    sides = Alike.of_stats(mine), Alike.of_stats(theirs)
    beside = [option for option in (WEIGHT, MASK) if not are_files_beside(option.name, *sides)]
    for what, ours, its in (
        ("kind", mine.kind, theirs.kind),
        ("--per", mine.per, theirs.per),
        ("--unit", mine.unit, theirs.unit),
        ("--ignore", mine.ignore, theirs.ignore),
        # Older stats files are of samples without weights or masks.
        *((option.spelling, mine.decoding.get(option.name), theirs.decoding.get(option.name)) for option in beside),
    ):
        if ours != its:
            return Difference(what, ours, its)
    ours, its = (each.decoding.get(MASK_AND_SCALE.name) for each in (mine, theirs))
    if isinstance(ours, bool) and isinstance(its, bool) and ours != its:
        return Difference(MASK_AND_SCALE.name, ours, its)
    other = Alike.of_stats(theirs)
    if mine.per == "column" and None not in (mine.names, theirs.names):
        other = replace(other, names=mine.names, text_columns=mine.text_columns)
    return find_difference(Alike.of_stats(mine), other, mine.per)


def _advise(what: str, shown: str, mine: Stats) -> str:
    """What to do about a difference, `shown` as this."""
    if what == "kind":
        return "merge the statistics of each kind by themselves"
    option = reading_options().get(what)
    if option is not None and "/" in option.spelling:
        on, _, off = option.spelling.partition("/")
        return f"measure both with {on} or both with {off}"
    if shown.startswith("--"):
        return f"measure both with the same {shown}"
    return advise("measure both in the same way", what, Alike.of_stats(mine), mine.per)


def _complete(mine: Stats, theirs: Stats) -> Mapping[str, Any]:
    """The recorded options, with those that must be the same in all and that older files do not record."""
    more = {
        name: theirs.decoding[name]
        for name in list_decisive(mine.kind)
        if name in theirs.decoding and name not in mine.decoding
    }
    return {**mine.decoding, **more} if more else mine.decoding


def _compare_columns(mine: Stats, theirs: Stats) -> tuple[list[str], list[str]]:
    """The columns that only `theirs` knows of, as features or text, and those that only `mine` knows of.

    A file that does not say which columns are text may lack any.
    """
    if (mine.names, mine.text_columns) == (theirs.names, theirs.text_columns):
        return [], []
    ours, its = ({*(each.names or ()), *(each.text_columns or ())} for each in (mine, theirs))
    more, fewer = sorted(its - ours), sorted(ours - its)
    if mine.text_columns is None and theirs.text_columns is None:
        return (more, fewer) if more and fewer else ([], [])
    return [] if mine.text_columns is None else more, [] if theirs.text_columns is None else fewer


def _list_other(columns: list[str], verb: str) -> str:
    return f"it {verb} column{'s' * (len(columns) > 1)} {list_names(columns)}" if columns else ""


def _pool_shapes(mine: Stats, theirs: Stats) -> tuple[int | None, ...]:
    if mine.sample_shape == theirs.sample_shape:
        return mine.sample_shape
    return pool_shapes((mine.sample_shape, theirs.sample_shape))


def _pool_classes(mine: Stats, theirs: Stats) -> tuple[str, ...] | None:
    if mine.classes == theirs.classes:
        return mine.classes
    return pool_classes((mine.classes or (), theirs.classes or ()))


def _show(value: Any) -> str:
    """A value as a message shows it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    if isinstance(value, list):
        return "x".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _too_many(where: str) -> DataError:
    return DataError("cannot be merged: there are more samples or values than zm can count", where=where)
