"""Indicators: columns of 0 and 1 added to an output that mark the values that were missing in the data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zm_cli.data.block import Block
from zm_cli.data.sink import OutputFeatures
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.inputs.name_lists import quote_few
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.stored import MissingCodes, find_present, match_values
from zm_cli.outputs.receipt import MAX_BYTES
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.outcome import Outcome
from zm_cli.statsfile.stats import Stats

SUFFIX = "_missing"
"""What the name of an indicator ends with, after the name of its column."""


@dataclass(frozen=True)
class Indicators:
    """The indicators of an output: the indices of the `features` that have one, in order, and the name of each.

    The statistics decide them, so that all data that they are applied to get the same columns.
    """

    features: tuple[int, ...]
    names: tuple[str, ...]

    def mark(self, block: Block, missing_codes: MissingCodes) -> tuple[Block, frozenset[int]]:
        """Returns the block with its missing values marked, and the features without an indicator that have some, too.

        Values equal to one of `missing_codes` are missing.
        """
        values = block.values
        missing = ~find_present(values, match_values(missing_codes, values.dtype))
        found = frozenset(np.flatnonzero(missing.any(axis=0)).tolist())
        return replace(block, missing=missing[:, list(self.features)]), found - frozenset(self.features)

    def report(self, names: Sequence[str], unmarked: Iterable[int], outcome: Outcome) -> None:
        """Notes which columns were added, and warns of features, named in `names`, that lack one.

        `unmarked` are the features that have missing values, but had none in the statistics.
        """
        if self.names:
            outcome.note([f"columns added for missing values: {quote_few(self.names, 20)}"])
        else:
            outcome.note(["no column has missing values in the statistics, so --indicator adds none"])
        if found := [names[feature] for feature in sorted(unmarked)]:
            outcome.warn(
                f"missing values, but none in the statistics, so that no column marks them: {quote_few(found)}"
            )

    def to_receipt(self, spec: Spec) -> dict[str, str]:
        """Returns the name of each indicator by that of its column, as receipts record it."""
        names = spec.names or ()
        return {names[feature]: name for feature, name in zip(self.features, self.names, strict=True)}


def check_indicators(source: Source, options: ApplyOptions) -> None:
    """Raises UsageError if indicators are asked for, and such data or an inverse cannot have any."""
    if not options.indicator:
        return
    if source.spec.columns is None:
        raise UsageError(
            "--indicator adds columns to a table, and these data are not a table",
            where=name_input(source.path),
            hint="leave it out",
        )
    if options.inverse:
        raise UsageError(
            "--indicator cannot be combined with --inverse",
            hint="leave it out; columns that it added before are removed",
        )


def choose_indicators(stats: Stats, spec: Spec, path: str) -> Indicators:
    """Returns the indicators of the columns that have missing values in the statistics.

    Raises UsageError for statistics that are not per column, DataError where the table already has a column of such a
    name, or where there are too many.
    """
    if stats.per != "column":
        raise UsageError(f"--indicator needs statistics per column, these are per {stats.per}")
    features = tuple(np.flatnonzero(stats.moments.missing > 0).tolist())
    columns = spec.columns or ()
    if spec.decoding.get("header") is False:
        # Without a header, the next command counts the columns to name them.
        names = tuple(f"column_{number}" for number in range(len(columns) + 1, len(columns) + 1 + len(features)))
    else:
        names = tuple((spec.names or ())[feature] + SUFFIX for feature in features)
    if repeated := [name for name in names if name in set(columns)]:
        one = len(repeated) == 1
        raise DataError(
            f"has {'a column' if one else 'columns'} {quote_few(repeated)} already, "
            f"so that --indicator cannot add {'it' if one else 'them'}",
            where=name_input(path),
            hint=f"rename the column{'' if one else 's'}",
        )
    found = Indicators(features, names)
    if len(json.dumps(found.to_receipt(spec))) > MAX_BYTES // 4:
        raise DataError("has too many columns for --indicator", where=name_input(path), hint="exclude some columns")
    return found


def find_indicators(source: Source, restored: OutputFeatures | None = None) -> dict[str, str]:
    """Returns the indicators of an earlier run that are still in a table, by the names of their columns.

    `restored` are the features of the output, where they are not those of the table.
    """
    recorded: Mapping[str, Any] = (source.receipt or {}).get("indicators", {})
    features, columns = set(source.spec.names or ()), set(source.spec.columns or ())
    known = features if restored is None else set(restored.names)
    return {name: column for name, column in recorded.items() if name in known and column in columns - features}
