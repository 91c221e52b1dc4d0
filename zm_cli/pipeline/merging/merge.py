"""Merges the statistics of stats files one after another: what is doubted, and what the result does not keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from zm_cli.data.recorded_values import MAX_COUNT
from zm_cli.errors import DataError, NothingToMeasureError
from zm_cli.formats.shared.options import BY, DATASET
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.groups.groups import SECTION, Groups
from zm_cli.numbers.statistic import Statistic
from zm_cli.pipeline.measuring.conclude import check_finite, drop_empty
from zm_cli.pipeline.measuring.pooling import Alike, are_files_beside, list_decisive, pool_classes, pool_shapes
from zm_cli.pipeline.measuring.warn import warn_of_features
from zm_cli.pipeline.merging.differences import check_mergeable
from zm_cli.pipeline.merging.sources import SourcePool
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.words import name_source, spell
from zm_cli.statsfile.combined_sources import note_unlisted
from zm_cli.statsfile.saved_transform import KEY as TRANSFORM
from zm_cli.statsfile.shards import MissingParts, suggest_commands
from zm_cli.statsfile.stats import Stats

_CONSEQUENCES = {"trial": "; the result is of a trial, too", "again": ""}
"""What is added to the warning when --force overrules a doubt."""
MAX_WARNINGS = 8
"""The most sources of which a warning says that parts are missing."""


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

        Raises DataError, naming both files, if they cannot be merged with those before, and for a doubt.
        """
        where = name_input(path)
        if self._merged is not None:
            check_mergeable(self._merged, self._files[0], stats, where)
        if stats.partial:
            hint = "measure all of the data, or each part of it, without --limit and --sample"
            self._doubt("trial", f"is of {stats.trial}", where, hint)
        dataset = stats.decoding.get(DATASET.name)
        if again := self._sources.find_again(stats.sources, dataset):
            self._doubt("again", again, where, "each sample must count once")
        self._sources.add(where, stats.sources, dataset)
        self._files.append(where)
        self._outcome.samples += stats.samples
        for column in stats.text_columns or ():
            self._lacking.setdefault(column, where)
        if stats.moments.integer_sums is not None:
            self._with_sums = True
        elif stats.moments.count.any():
            self._without_sums = self._without_sums or where
        if self._merged is None:
            # The pool has the records. One is kept here, because it says of which kind the data are.
            self._merged = replace(stats, sources=stats.sources[:1], provenance=None)
        else:
            self._merged = self._merge(self._merged, stats, where)

    def finish(self) -> tuple[Stats, Outcome]:
        """Returns the merged statistics, and the notes and warnings about them.

        Raises DataError if parts of a source are missing, if there are no samples or no numbers, and if squares
        overflow.
        """
        stats, outcome, where = self._merged, self._outcome, self._name_files()
        assert stats is not None
        missing = self._sources.list_missing()
        if missing:
            self._doubt_missing(missing)
        if self._with_sums and self._without_sums is not None:
            what = "has no exact sums of integers ('sum' and 'squares')"
            outcome.note([f"{self._without_sums}: {what}, so that the result has none"])
        stats = replace(stats, samples=outcome.samples, sources=self._sources.finish())
        if self._sources.has_shards and not missing and stats.per == "column" and stats.names is not None:
            stats = drop_empty(stats, outcome)
        if not stats.moments.count.any() and not missing:
            what = "have no numbers" if stats.samples else "have no samples"
            raise NothingToMeasureError(what, where=where, hint="are there other parts of the data?")
        if max(stats.samples, *(max(each.bytes, each.skipped_total) for each in stats.sources)) > MAX_COUNT:
            raise _too_many(where)
        check_finite(stats, where)
        warn_of_features(stats, outcome)
        outcome.note(note_unlisted(stats.sources))
        return stats, outcome

    def _doubt(self, kind: str, what: str, where: str, hint: str) -> None:
        """Raises DataError for a doubt or, where it is overruled, warns of the first one of its kind."""
        if not self._force:
            raise DataError(what, where=where, hint=f"{hint}; --force merges anyway")
        if kind not in self._doubts:
            self._doubts.add(kind)
            self._outcome.warn(f"{where}: {what}{_CONSEQUENCES[kind]}")

    def _doubt_missing(self, missing: Sequence[MissingParts]) -> None:
        """Raises DataError for parts that are missing or, where that is overruled, warns of each source."""
        first, *others = missing
        if not self._force:
            more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
            too = f", and so are parts of {name_input(others[0].path)}{more}" if others else ""
            it = "it" if sum(each.count for each in missing) == 1 else "them"
            hint = f"measure {it}: {suggest_commands(missing)}; --force merges anyway"
            raise DataError(f"{first}{too}", where=name_input(first.path), hint=hint)
        for each in missing[:MAX_WARNINGS]:
            self._outcome.warn(f"{name_input(each.path)}: {each}; what is missing can be merged with the result later")
        if (rest := len(missing) - MAX_WARNINGS) > 0:
            self._outcome.warn(f"parts of {rest:,} more source{'s' * (rest > 1)} are missing")

    def _merge(self, mine: Stats, theirs: Stats, where: str) -> Stats:
        """Returns the statistics of both, without what only one of them has; `theirs` are those of the file `where`."""
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
        # Counts in a file can be so large that their sum overflows.
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
            transform=self._merge_transforms(mine, theirs, where),
        )

    def _tell_left(self, mine: Stats, theirs: Stats, common: Set[str], where: str) -> None:
        """Warns of columns that are features in some files only; DataError if no column is left."""
        if not common:
            hint = "merge statistics of the same columns"
            raise DataError("have no column of numbers in common", where=self._name_files(), hint=hint)
        for names, other in ((mine.names, where), (theirs.names, self._files[0])):
            for name in names or ():
                if name not in common:
                    lacking = self._lacking.setdefault(name, other)
                    self._outcome.warn(f"{lacking}: column '{name}' is left out: it is not a feature there")

    def _merge_statistics(self, mine: Stats, theirs: Stats, where: str) -> dict[str, Statistic]:
        """Returns the optional statistics that both have; a note names each that is dropped, and a file without it."""
        ours, others = mine.statistics, theirs.statistics
        lacking = {name: where for name in ours if name not in others}
        lacking |= {name: self._files[0] for name in others if name not in ours}
        for name, file in lacking.items():
            if name not in self._dropped:
                self._dropped.add(name)
                self._outcome.note([f"{file}: has no '{name}', so that the result has none"])
        return {name: statistic.merge(others[name]) for name, statistic in ours.items() if name in others}

    def _merge_transforms(self, mine: Stats, theirs: Stats, where: str) -> Mapping[str, Any] | None:
        """Returns the transform that both were saved for; None, with a note, if it is not the same."""
        if mine.transform == theirs.transform:
            return mine.transform
        if TRANSFORM not in self._dropped:
            self._dropped.add(TRANSFORM)
            what = f"was not saved for the same transform as {self._files[0]}"
            self._outcome.note([f"{where}: {what}, so that the result names none"])
        return None

    def _merge_groups(self, mine: Stats, theirs: Stats, statistics: Sequence[str], where: str) -> Groups | None:
        """Returns the statistics by group if both have them by the same; else None, and a note names a file without."""
        ours, its = mine.groups, theirs.groups
        if ours is None and its is None:
            return None
        sides = Alike.of_stats(mine), Alike.of_stats(theirs)
        if ours is not None and its is not None and (ours.by == its.by or are_files_beside(BY.name, *sides)):
            with name_source(where):
                return ours.keep_statistics(statistics).merge(its.keep_statistics(statistics))
        if SECTION not in self._dropped:
            self._dropped.add(SECTION)
            if ours is not None and its is not None:
                found = f"has groups by {its.by}, {self._files[0]} by {ours.by}"
                self._outcome.note([f"{where}: {found}, so that the result has none"])
            else:
                lacking = where if its is None else self._files[0]
                self._outcome.note([f"{lacking}: has no groups ({spell(BY.name)}), so that the result has none"])
        return None

    def _name_files(self) -> str:
        """Returns the files in a few words, for messages."""
        more = len(self._files) - 1
        return f"{self._files[0]} and {more:,} more" if more > 1 else " and ".join(self._files)


def _complete(mine: Stats, theirs: Stats) -> Mapping[str, Any]:
    """Returns the recorded options of `mine`, with those of `theirs` that must be the same in all.

    Older files do not record all of them.
    """
    if mine.decoding == theirs.decoding:
        return mine.decoding
    more = {
        name: theirs.decoding[name]
        for name in list_decisive(mine.kind)
        if name in theirs.decoding and name not in mine.decoding
    }
    return {**mine.decoding, **more} if more else mine.decoding


def _pool_shapes(mine: Stats, theirs: Stats) -> tuple[int | None, ...]:
    """Returns the sample shape of both, None for sizes in which they differ."""
    if mine.sample_shape == theirs.sample_shape:
        return mine.sample_shape
    return pool_shapes((mine.sample_shape, theirs.sample_shape))


def _pool_classes(mine: Stats, theirs: Stats) -> tuple[str, ...] | None:
    """Returns the names of all classes of both, sorted; None if there are none."""
    if mine.classes == theirs.classes:
        return mine.classes
    return pool_classes((mine.classes or (), theirs.classes or ()))


def _too_many(where: str) -> DataError:
    """Returns the error for counts that a stats file cannot hold."""
    return DataError("cannot be merged: there are more samples or values than zm can count", where=where)
