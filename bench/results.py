"""The tables: targets, every contestant, growth; as Markdown that reads well in a terminal too."""

from __future__ import annotations

from collections.abc import Sequence

from bench.contest import Result
from bench.growing import GrowthResult
from bench.work import GROWTH_BOUND, Target

Table = list[list[str]]


def tabulate(results: Sequence[Result], growths: Sequence[GrowthResult]) -> str:
    """All tables of what was run, one after another."""
    tables = [tabulate_targets(results), tabulate_contestants(results)] if results else []
    return "\n\n".join([*tables, tabulate_growth(growths)] if growths else tables)


def count_disturbed(results: Sequence[Result], growths: Sequence[GrowthResult]) -> str:
    """How many of the timed runs others slowed down, in a sentence."""
    scores = [score for result in results for score in result.scores.values()]
    scores += [score for growth in growths for score in growth.scores.values()]
    disturbed, runs = sum(score.disturbed for score in scores), sum(len(score.timings) for score in scores)
    return f"Other processes disturbed {disturbed} of {runs} runs."


def tabulate_targets(results: Sequence[Result]) -> str:
    """The table of what zm aims at, and whether it gets there."""
    table: Table = [["work", "zm, s", "against", "its s", "ratio", "target", "met"]]
    for result in results:
        for target in result.row.targets:
            value = result.value(target)
            table.append(
                [
                    result.row.title,
                    _seconds(result.scores["zm"].median),
                    target.against or "",
                    _seconds(result.scores[target.against].median) if target.against else "",
                    _ratio(target, value),
                    _bound(target),
                    "yes" if target.met(value) else "**no**",
                ]
            )
    return _align(table)


def tabulate_contestants(results: Sequence[Result]) -> str:
    """The table of all that was run: time, memory, and what it left on disk."""
    table: Table = [["work", "by", "s", "of zm's", "least to most", "runs", "peak MB", "written MB"]]
    for result in results:
        for place, (name, score) in enumerate(result.scores.items()):
            table.append(
                [
                    "" if place else result.row.title,
                    name,
                    _seconds(score.median),
                    "" if name == "zm" else f"{score.median / result.scores['zm'].median:.2f}x",
                    f"{_seconds(min(score.seconds))} to {_seconds(max(score.seconds))}",
                    f"{len(score.timings)}" + (f", {score.disturbed} disturbed" if score.disturbed else ""),
                    _megabytes(score.peak),
                    _megabytes(score.written) if score.written > 1e6 else "",
                ]
            )
    return _align(table)


def tabulate_growth(results: Sequence[GrowthResult]) -> str:
    """The table of times and peaks as the data grow."""
    factors = list(results[0].scores)
    last = max(factors)
    head = [
        *(f"{factor}x: s, MB" for factor in factors),
        f"peak {last}x / 1x",
        "target",
        "most MB",
        "target",
        "met",
    ]
    table: Table = [["work", *head]]
    for result in results:
        bound = result.growth.most
        met = result.growing <= GROWTH_BOUND and result.most <= bound * 1e6
        cells = [f"{_seconds(score.median)}, {_megabytes(score.peak)}" for score in result.scores.values()]
        ratio = [f"{result.growing:.2f}x", f"<= {GROWTH_BOUND}x"]
        table.append(
            [
                result.growth.title,
                *cells,
                *ratio,
                _megabytes(result.most),
                f"<= {bound}",
                "yes" if met else "**no**",
            ]
        )
    return _align(table)


def list_shortfalls(results: Sequence[Result], growths: Sequence[GrowthResult]) -> str:
    """A line for every target that is missed."""
    lines = []
    for result in results:
        for target in result.row.targets:
            value = result.value(target)
            if not target.met(value):
                against = f" against *{target.against}*" if target.against else ""
                lines.append(f"- {result.row.title}: {_ratio(target, value)}{against}, target {_bound(target)}")
    for growth in growths:
        if growth.growing > GROWTH_BOUND:
            lines.append(f"- {growth.growth.title}: the peak grows {growth.growing:.2f}x, target <= {GROWTH_BOUND}x")
        if growth.most > growth.growth.most * 1e6:
            lines.append(f"- {growth.growth.title}: {_megabytes(growth.most)} MB, target <= {growth.growth.most} MB")
    return "\n".join(lines) or "Nothing: every target is met."


def _ratio(target: Target, value: float) -> str:
    if target.against is None:
        return f"{_seconds(value)} s"
    return f"{value:.2f}x"


def _bound(target: Target) -> str:
    if target.against is None:
        return f"<= {target.bound:g} s"
    return f">= {target.bound:g}x faster" if target.faster else f"<= {target.bound:g}x"


def _seconds(seconds: float) -> str:
    """Three digits or so."""
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f}"


def _align(table: Table) -> str:
    """Markdown whose columns stand under one another; the first two are text, the others mostly numbers."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    rule = ["-" * width for width in widths]
    lines = [table[0], rule, *table[1:]]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)
