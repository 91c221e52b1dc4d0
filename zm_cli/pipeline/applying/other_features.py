"""Outputs with other features than the input: the columns that replace others, and their order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from zm_cli.data.sink import OutputFeatures
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.inputs.columns import list_columns
from zm_cli.inputs.standard_input import name_input
from zm_cli.methods import methods
from zm_cli.outputs.receipt import MAX_NAMED, record_columns
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.statsfile.stats import Stats


def complete_features(features: OutputFeatures | None, source: Source) -> OutputFeatures | None:
    """Returns the features of an output, with the order of columns that the receipt of the data records.

    Raises DataError where a table already has a column with the name of a new one.
    """
    columns = source.spec.columns
    if features is None or columns is None:
        return features
    kept = set(columns) - set(source.spec.names or ())
    if twice := [name for name in features.names if name in kept]:
        raise DataError(
            f"has {list_columns(twice, 5)} already, which the output would have twice",
            where=name_input(source.path),
            hint="rename these columns",
        )
    order = (source.receipt or {}).get("before")
    return replace(features, order=None if order is None else tuple(order))


def record_features(features: OutputFeatures | None, source: Source, stats: Stats, *, inverse: bool) -> dict[str, Any]:
    """Returns the fields of a receipt on the columns of an output: `columns` are those that were transformed.

    Where the output has other columns instead, these are in `features`, and all columns of the input in `before`, in
    their order. Names that would make the receipt too long are left out.
    """
    spec = source.spec
    if spec.axes != "NC" or spec.names is None:
        return {}
    if features is None:
        return {**record_columns(spec.names)}
    named = {} if inverse else {"features": list(features.names), "before": list(spec.columns or ())}
    short = {field: names for field, names in named.items() if len(json.dumps(names)) <= MAX_NAMED // 4}
    return {**record_columns(stats.names), **short}


def describe_made(options: ApplyOptions) -> Callable[[Stats], Stats]:
    """Returns a function from statistics to those of data transformed with these options, which an inverse reads."""
    method = methods()[options.method_name]
    return lambda stats: method.describe_output(stats, method.complete(options))
