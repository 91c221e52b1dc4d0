"""Shows what covariances say: condition numbers, steps of gradient descent, dependent and correlated features."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from zm_cli.cli.display.facts import print_facts
from zm_cli.numbers.comoments.comoments import CoMoments
from zm_cli.numbers.comoments.conditioning import (
    CORRELATED,
    Conditioning,
    count_steps,
    find_correlated,
    measure_conditioning,
)
from zm_cli.numbers.statistic import FieldError
from zm_cli.statistics.covariance import Covariance
from zm_cli.statsfile.fields import field_error
from zm_cli.statsfile.stats import Stats

AT_ONCE = 1000
"""The most features whose condition numbers are computed by default; more take seconds or minutes."""
MAX_PAIRS = 10
"""The most correlated pairs that are listed."""
MAX_PRINTED = 1000
"""The most correlated pairs that --json prints."""
PLAIN = 1_000_000
"""The smallest number that is shown as a power of ten."""
NAMES = ("raw", "centered", "standardized")
"""What has a condition number: the data as they are, centered and standardized."""


def print_conditioning(stats: Stats, *, everything: bool = False) -> None:
    """Prints the condition numbers and the correlated features after an empty line; nothing without covariances."""
    covariance = stats.get_statistic(Covariance)
    if covariance is None:
        return
    comoments = covariance.comoments
    lines: dict[str, str | list[str]] = {"complete": _describe_complete(stats, comoments.count)}
    size = len(comoments.mean)
    if size <= AT_ONCE or everything:
        lines |= _describe_condition(stats, _measure(comoments))
    else:
        lines["condition"] = f"-v computes the condition numbers of {size:,} features, which takes a while"
    lines["constant"] = _describe_constant(stats, comoments)
    lines["correlated"] = _list_pairs(stats, comoments)
    print()
    print_facts(lines)


def derive_conditioning(stats: Stats, *, everything: bool = False) -> dict[str, Any]:
    """Returns the same for --json: fields of the section `covariance`; nothing without covariances."""
    covariance = stats.get_statistic(Covariance)
    if covariance is None:
        return {}
    comoments = covariance.comoments
    pairs = find_correlated(comoments.correlation())
    derived: dict[str, Any] = {
        "covariance.correlated": [
            {"features": [stats.name_feature(pair.first), stats.name_feature(pair.second)], "r": pair.correlation}
            for pair in pairs[:MAX_PRINTED]
        ],
        "covariance.correlated_total": len(pairs),
    }
    if len(comoments.mean) <= AT_ONCE or everything:
        found = _measure(comoments)
        derived["covariance.condition"] = {name: _to_json(getattr(found, name)) for name in NAMES} | {
            "dependent": found.dependent,
            "dependent_features": [stats.name_feature(index) for index in found.involved],
            "without_dependent": {
                "centered": _to_json(found.centered_without),
                "standardized": _to_json(found.standardized_without),
            },
        }
    return derived


def _to_json(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _measure(comoments: CoMoments) -> Conditioning:
    """Returns the condition numbers; raises DataError if the stats file is damaged: no data can have its co-moments."""
    try:
        return measure_conditioning(comoments)
    except FieldError as error:
        raise field_error(error.field, error.what, "the stats file") from error


def _describe_complete(stats: Stats, count: int) -> str:
    """Returns how many samples lack no value; an empty text if none does."""
    total = int((stats.moments.count + stats.moments.missing).max())
    if count == total:
        return ""
    what = {"column": "rows", "channel": "pixels", "pixel": "samples", "all": "values"}[stats.per]
    return f"{count:,} of {total:,} {what}; the others lack a value of some {stats.per}, and are left out"


def _describe_condition(stats: Stats, found: Conditioning) -> dict[str, str]:
    """Returns the texts about the condition numbers, by their names."""
    numbers = [found.raw, found.centered, found.standardized]
    lines = {"condition": _list_numbers(NAMES, numbers, found.limit)}
    if found.dependent:
        numbers[1:] = found.centered_without, found.standardized_without
        ways, them = ("1 direction", "it") if found.dependent == 1 else (f"{found.dependent:,} directions", "them")
        involved = stats.quote_features(found.involved)
        without = _list_numbers(NAMES[1:], numbers[1:], found.limit)
        lines["dependent"] = f"features follow from others in {ways} ({involved}); without {them}, {without}"
    steps = _list_numbers(NAMES, map(count_steps, numbers), found.limit)
    lines["steps"] = f"{steps}, of gradient descent for one more digit, at most"
    return lines


def _list_numbers(names: Sequence[str], numbers: Iterable[float], limit: float) -> str:
    return ", ".join(f"{name} {_format_condition(number, limit)}" for name, number in zip(names, numbers, strict=True))


def _format_condition(number: float, limit: float) -> str:
    """Returns a condition number or a number of steps, rounded; more than `limit` is not known exactly."""
    if math.isnan(number):
        return "-"
    if math.isinf(number):
        return f"more than 1e{math.floor(math.log10(limit))}"
    if number >= PLAIN:
        return f"{number:.1e}".replace("e+0", "e").replace("e+", "e")
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _describe_constant(stats: Stats, comoments: CoMoments) -> str:
    """Returns the names of the features that do not vary; an empty text if all do."""
    indices = comoments.constant().nonzero()[0]
    if not len(indices):
        return ""
    named = stats.quote_features(indices)
    if len(indices) == 1:
        return f"{named}; condition numbers are without it, raw only if it is always 0"
    return f"{named}; condition numbers are without them, raw only without those that are always 0"


def _list_pairs(stats: Stats, comoments: CoMoments) -> list[str]:
    """Returns a line for each of the most strongly correlated pairs."""
    pairs = find_correlated(comoments.correlation())
    if not pairs:
        return [f"no pair above {CORRELATED}"]
    lines = [
        f"'{stats.name_feature(pair.first)}' and '{stats.name_feature(pair.second)}' {pair.correlation:.4f}"
        for pair in pairs[:MAX_PAIRS]
    ]
    more = len(pairs) - MAX_PAIRS
    return [*lines, f"and {more:,} more {'pair' if more == 1 else 'pairs'} above {CORRELATED}"] if more > 0 else lines
