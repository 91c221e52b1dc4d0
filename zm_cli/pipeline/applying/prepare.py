"""Prepares applying statistics: makes the transform and its receipt, and checks that they fit the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zm_cli.data.block import Values
from zm_cli.data.sink import OutputFeatures, WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.methods import methods
from zm_cli.methods.shared.base import Method, TransformRequest
from zm_cli.numbers.stored import find_equal, match_values, unpack_values
from zm_cli.outputs.receipt import check_receipt, make_receipt, record_weight
from zm_cli.outputs.shard_record import record_shard
from zm_cli.pipeline.applying.indicators import Indicators, check_indicators, choose_indicators, find_indicators
from zm_cli.pipeline.applying.other_features import complete_features, record_features
from zm_cli.pipeline.applying.rounding import choose_dtype
from zm_cli.pipeline.applying.transform_span import apply_mask
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.recorded_transform import record_settings
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.fitting import check_fits, check_scale
from zm_cli.statsfile.stats import Stats
from zm_cli.transforms.base import Transform


@dataclass(frozen=True)
class Preparation:
    """How a source is transformed, with all checks done that need no pass over its values.

    `options` are complete: they hold what follows from the method and the statistics. `transformed_stats` are `stats`
    with the features of transformed data, which a method may change. `features` are those of the output, None if they
    are those of the source.
    """

    source: Source
    stats: Stats
    transformed_stats: Stats
    options: ApplyOptions
    method: Method
    request: TransformRequest
    transform: Transform
    features: OutputFeatures | None
    indicators: Indicators | None
    receipt: dict[str, Any]

    @property
    def input_stats(self) -> Stats:
        """The statistics with the features of the source."""
        return self.transformed_stats if self.options.inverse else self.stats

    def choose_write_options(self) -> WriteOptions:
        """Returns what the sink needs to know of the output."""
        return WriteOptions(
            self.transform.dtype,
            self.receipt,
            self.options.format,
            self.options.force,
            added=self.indicators.names if self.indicators is not None else (),
            dropped=find_indicators(self.source, self.features) if self.options.inverse else {},
            # Cells are emptied only if they were imputed.
            emptied=(self.source.receipt or {}).get("impute") is not None,
            features=self.features,
        )


def prepare(source: Source, stats: Stats, options: ApplyOptions) -> Preparation:
    """Returns how a source is transformed by statistics.

    Raises UsageError for options that are not possible, DataError where the statistics do not fit the data, or the data
    are already transformed.
    """
    method = methods()[options.method_name]
    options = method.settle(stats, method.complete(options))
    transformed_stats = method.describe_output(stats, options)
    check_fits(transformed_stats if options.inverse else stats, source.spec, source.path)
    request = TransformRequest(
        source.spec,
        np.dtype(options.dtype or choose_dtype(stats, source.spec, inverse=options.inverse)),
        options.inverse,
        _find_recorded_unit(source) if options.inverse else None,
    )
    transform = method.make_transform(stats, options, request)
    features = complete_features(transform.features, source)
    receipt = _describe(source, stats, options, method, transform, features)
    check_indicators(source, options)
    indicators = choose_indicators(stats, source.spec, source.path) if options.indicator else None
    if indicators is not None:
        receipt["indicators"] = indicators.to_receipt(source.spec)
    if not options.force:
        _refuse_trial(stats, source, options)
        check_receipt(source.receipt, receipt, source.path)
        if not options.inverse and method.measures:
            check_scale(stats, source.spec, _read_first(source), source.path)
    return Preparation(
        source, stats, transformed_stats, options, method, request, transform, features, indicators, receipt
    )


def _describe(
    source: Source,
    stats: Stats,
    options: ApplyOptions,
    method: Method,
    transform: Transform,
    features: OutputFeatures | None,
) -> dict[str, Any]:
    """Returns the receipt of the output."""
    settings: dict[str, Any] = {
        **({"per": stats.per} if method.measures else {}),
        "unit": transform.divisor,
        "dtype": transform.dtype.name,
        **({} if options.method is None else {"method": method.name}),
        **record_settings(method, options),
        **({"provenance": options.provenance.to_document()} if options.provenance else {}),
        **(record_weight(stats.decoding.get(WEIGHT.name)) if method.measures else {}),
        **record_features(features, source, stats, inverse=options.inverse),
        **record_shard(source.spec.shard, source.receipt if source.spec.limit is None else None, source.path),
    }
    return make_receipt(
        options.operation,
        inverse=options.inverse,
        stats=digest_stats(stats) if method.measures else None,
        settings=settings,
    )


def _refuse_trial(stats: Stats, source: Source, options: ApplyOptions) -> None:
    """Raises DataError where statistics of a trial are applied to all of the data."""
    if stats.trial and source.spec.limit is None and not options.inverse:
        raise DataError(
            f"the statistics are of {stats.trial}",
            where=source.path,
            hint=f"{'measure all of the data' if stats.partial else 'join all parts with zm merge'}, or --force",
        )


def _find_recorded_unit(source: Source) -> float | None:
    """Returns what the data were divided by when they were transformed; None where the receipt does not say."""
    unit = (source.receipt or {}).get("unit")
    return float(unit) if isinstance(unit, int | float) and not isinstance(unit, bool) and unit > 0 else None


def _read_first(source: Source) -> Values | None:
    """Returns the first real values of float data, whose range shows their scale; None if the data are not such.

    A table has no common scale, and what can be read only once is not read for this.
    """
    spec = source.spec
    if spec.real_dtype.kind != "f" or spec.axes == "NC" or source.one_pass:
        return None
    span = next(iter(source.spans()), None)
    if span is None:
        return None
    values = apply_mask(source.read(span)).values
    if spec.packing is None:
        return values
    real = unpack_values(values, spec.packing)
    if matched := match_values(spec.packing.missing, values.dtype):
        real[find_equal(values, matched)] = np.nan
    return real
