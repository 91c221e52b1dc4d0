"""Shows what covariances say: condition numbers, steps of gradient descent, and features that are correlated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from zm_cli.cli.display.facts import print_facts
from zm_cli.numbers.comoments.conditioning import (
    CORRELATED,
    Conditioning,
    count_steps,
    find_correlated,
    measure_conditioning,
)
from zm_cli.pipeline.words import MAX_NAMES, list_names
from zm_cli.statsfile.stats import Stats

if TYPE_CHECKING:
    from zm_cli.statistics.covariance import Covariance

AT_ONCE = 1000
"""Features whose condition numbers are shown without asking: eigenvalues of more take seconds or minutes."""
MAX_PAIRS = 10
"""Correlated pairs that are listed one by one."""
MAX_PRINTED = 1000
"""Correlated pairs that --json prints."""
PLAIN = 1_000_000
"""Numbers from here on are shown as a power of ten."""

NAMES = ("raw", "centered", "standardized")


def print_conditioning(stats: Stats, *, everything: bool = False) -> None:
    """Prints the condition numbers and the correlated features below a table; nothing without covariances."""
    covariance = _find_covariance(stats)
    if covariance is None:
        return
    lines = {"complete": _describe_complete(stats, covariance)}
    size = len(covariance.mean)
    if size <= AT_ONCE or everything:
        lines |= _describe_condition(measure_conditioning(covariance.comoments))
    else:
        lines["condition"] = f"-v computes the condition numbers of {size:,} features, which takes a while"
    lines["constant"] = _describe_constant(stats, covariance)
    lines["correlated"] = _describe_pairs(stats, covariance)
    print()
    print_facts(lines)


def derive_conditioning(stats: Stats, *, everything: bool = False) -> dict[str, Any]:
    """The same as fields that --json prints in the section `covariance`; nothing without covariances."""
    covariance = _find_covariance(stats)
    if covariance is None:
        return {}
    pairs = find_correlated(covariance.correlation())
    derived: dict[str, Any] = {
        "covariance.correlated": [
            {"features": [stats.name_feature(pair.first), stats.name_feature(pair.second)], "r": pair.correlation}
            for pair in pairs[:MAX_PRINTED]
        ],
        "covariance.correlated_total": len(pairs),
    }
    if len(covariance.mean) <= AT_ONCE or everything:
        found = measure_conditioning(covariance.comoments)
        derived["covariance.condition"] = {name: _to_json(getattr(found, name)) for name in NAMES} | {
            "dependent": found.dependent,
            "without_dependent": {
                "centered": _to_json(found.centered_without),
                "standardized": _to_json(found.standardized_without),
            },
        }
    return derived


def _find_covariance(stats: Stats) -> Covariance | None:
    return cast("Covariance | None", stats.statistics.get("covariance"))


def _to_json(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _describe_complete(stats: Stats, covariance: Covariance) -> str:
    """How many samples lack no value; empty where none does."""
    total = int((stats.moments.count + stats.moments.missing).max())
    if covariance.count == total:
        return ""
    what = {"column": "rows", "channel": "pixels", "pixel": "samples", "all": "values"}[stats.per]
    return f"{covariance.count:,} of {total:,} {what}; the others lack a value of some {stats.per}, and are left out"


def _describe_condition(found: Conditioning) -> dict[str, str]:
    numbers = [found.raw, found.centered, found.standardized]
    lines = {"condition": _list_numbers(NAMES, numbers, found.limit)}
    if found.dependent:
        numbers[1:] = found.centered_without, found.standardized_without
        ways = "1 direction; without it" if found.dependent == 1 else f"{found.dependent:,} directions; without them"
        without = _list_numbers(NAMES[1:], numbers[1:], found.limit)
        lines["dependent"] = f"features follow from others in {ways}, {without}"
    steps = _list_numbers(NAMES, map(count_steps, numbers), found.limit)
    lines["steps"] = f"{steps}, of gradient descent for one more digit, at most"
    return lines


def _list_numbers(names: Sequence[str], numbers: Iterable[float], limit: float) -> str:
    return ", ".join(f"{name} {_show(number, limit)}" for name, number in zip(names, numbers, strict=True))


def _show(number: float, limit: float) -> str:
    if math.isnan(number):
        return "-"
    if math.isinf(number):
        return f"more than 1e{math.floor(math.log10(limit))}"
    if number >= PLAIN:
        return f"{number:.1e}".replace("e+0", "e").replace("e+", "e")
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _describe_constant(stats: Stats, covariance: Covariance) -> str:
    """The features that do not vary; empty where there is none."""
    indices = [int(index) for index in covariance.constant().nonzero()[0]]
    if not indices:
        return ""
    listed = list_names([stats.name_feature(index) for index in indices[:MAX_NAMES]], total=len(indices))
    return f"{listed}; condition numbers are without them, raw only without those that are always 0"


def _describe_pairs(stats: Stats, covariance: Covariance) -> str:
    """The most strongly correlated pairs."""
    pairs = find_correlated(covariance.correlation())
    if not pairs:
        return f"no pair above {CORRELATED}"
    listed = ", ".join(
        f"'{stats.name_feature(pair.first)}' and '{stats.name_feature(pair.second)}' {pair.correlation:.4f}"
        for pair in pairs[:MAX_PAIRS]
    )
    more = f" and {len(pairs) - MAX_PAIRS:,} more pairs above {CORRELATED}" if len(pairs) > MAX_PAIRS else ""
    return f"{listed}{more}"
