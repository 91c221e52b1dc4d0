"""Opens data in the same way as the data that statistics were measured on."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from zm_cli.data.format import OpeningTick, ignore_opening
from zm_cli.data.options import Option, ReadOptions, Replay
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect, find_receipt, formats, open_source, reading_options
from zm_cli.formats.shared.options import CLASSES, COLUMNS, EXPECTED, GROWTH
from zm_cli.pipeline.belonging import list_transformed
from zm_cli.running.plan import Plan
from zm_cli.statsfile.fitting import check_fits
from zm_cli.statsfile.stats import Stats


def open_to_apply(
    path: str,
    options: ReadOptions,
    stats: Stats,
    kind: str | None = None,
    *,
    inverse: bool = False,
    describe: Callable[[Stats], Stats] = lambda stats: stats,
    plan: Plan | None = None,
    tick: OpeningTick = ignore_opening,
) -> tuple[Source, Stats]:
    """Opens the source at `path`, to be read like the data of the statistics.

    Returns it with the statistics of the columns to transform. For an inverse, options that must always be the same
    (such as the image mode) are not replayed: the transform that is undone applied them. `describe` returns the
    statistics of the transformed data, which may have other features. `plan` and `tick` are those of `open_source`.
    Raises DataError if the data lack a column, or if `options` contradict how the data of the statistics were read;
    UsageError as `open_source`.
    """
    found = detect(path, kind, preferred=stats.kind).kind
    if stats.axes == "NC" and stats.names is not None and found == stats.kind:
        return _open_table(path, options, stats, kind, inverse, describe)
    made = describe(stats) if inverse else stats
    options = _bound_blocks(options, found, stats, made)
    open_here = partial(open_source, path, plan=plan, tick=tick)
    if found != stats.kind:
        return open_here(_pass_classes(options, found, stats), kind), stats
    replayed = replay(options, made, path, inverse=inverse)
    try:
        source = open_here(replayed, kind, preferred=stats.kind)
        if not inverse:
            check_fits(stats, source.spec, path)
        return source, stats
    except (UsageError, DataError) as error:
        # Another file may hold its values at another path or in another layout: try what fits this one.
        own = replayed.replace(**_list_asked(options, stats))
        if own == replayed:
            raise
        try:
            source = open_here(own, kind, preferred=stats.kind)
            check_fits(made, source.spec, path)
        except DataError as other:
            # "Does not fit" is more helpful than "not found" for an option that the user did not give.
            raise (error if isinstance(error, DataError) else other) from None
        except UsageError:
            raise error from None
        return source, stats


def _open_table(
    path: str,
    options: ReadOptions,
    stats: Stats,
    kind: str | None,
    inverse: bool,
    describe: Callable[[Stats], Stats],
) -> tuple[Source, Stats]:
    """Opens the table with the columns of the statistics that the options allow; returns it with their statistics.

    For an inverse, they are the columns that were transformed according to the table's receipt, or the columns made
    from these.
    """
    transformed = list_transformed(find_receipt(path, options), stats) if inverse else None
    if transformed is not None and transformed != stats.names:
        stats = stats.select(list(transformed))
    made = describe(stats) if inverse else stats
    options, names = _bound_blocks(options, stats.kind, stats, made), made.names
    source = _open_where_it_fits(path, replay(options, stats, path).replace(among=names), options, stats, kind)
    if source.spec.names == names:
        return source, stats
    if names != stats.names:
        source.close()
        raise UsageError("an inverse needs all components", where=COLUMNS.spelling, hint="leave it out")
    if stats.per == "all":
        source.close()
        raise UsageError("statistics --per all cannot be applied to some of their columns", where=COLUMNS.spelling)
    return source, stats.select(list(source.spec.names or ()))


def _bound_blocks(options: ReadOptions, kind: str, stats: Stats, made: Stats) -> ReadOptions:
    """Returns the options, with smaller blocks if few features become many again, which memory must hold."""
    growth = -(-stats.moments.mean.size // max(1, made.moments.mean.size))
    known = GROWTH.name in formats()[kind].option_names
    return options.replace(**{GROWTH.name: growth}) if growth > 1 and known else options


def _open_where_it_fits(
    path: str, replayed: ReadOptions, options: ReadOptions, stats: Stats, kind: str | None
) -> Source:
    """Opens the table with the recorded options, or without those that are replayed only if they fit."""
    own = replayed.replace(**_list_asked(options, stats))
    try:
        return open_source(path, replayed, kind)
    except (UsageError, DataError):
        if own == replayed or not os.path.isfile(path):
            raise
        try:
            return open_source(path, own, kind)
        except (UsageError, DataError):
            pass
        raise


def replay(options: ReadOptions, stats: Stats, path: str, *, inverse: bool = False) -> ReadOptions:
    """Returns the options, completed with recorded values that the user did not give, and the statistics' classes.

    For an inverse, options that must always be the same are left out. Raises DataError if the user gave another value
    for one of them.
    """
    values: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    asked = options.to_dict()
    for name, recorded in formats()[stats.kind].recorded.items():
        if recorded.replay is Replay.NEVER:
            continue
        value = stats.decoding.get(name)
        value = tuple(value) if isinstance(value, list) else value
        if recorded.replay is Replay.ALWAYS:
            if inverse:
                continue
            if name in asked and str(asked[name]).lower() != str(value).lower():
                raise DataError(
                    f"does not fit the statistics: they were made with {_spell(reading_options()[name], value)}",
                    where=path,
                    hint=f"leave out {reading_options()[name].spelling}, or give it to the run that measures",
                )
        if name not in asked and value is not None:
            chosen = expected if recorded.replay is Replay.UNLESS_CONTRADICTED else values
            chosen[name] = value
    options = options.replace(**values, **({EXPECTED.name: expected} if expected else {}))
    return _pass_classes(options, stats.kind, stats)


def _pass_classes(options: ReadOptions, kind: str, stats: Stats) -> ReadOptions:
    """Returns the options with the classes of the statistics (none if they name none), for a format with classes."""
    has_classes = CLASSES.name in formats()[kind].option_names
    return options.replace(**{CLASSES.name: stats.classes or ()}) if has_classes else options


def _list_asked(options: ReadOptions, stats: Stats) -> dict[str, Any]:
    """Returns the user's values of the options that are replayed only if they fit; None: left to the format."""
    asked = options.to_dict()
    recorded = formats()[stats.kind].recorded
    return {name: asked.get(name) for name, entry in recorded.items() if entry.replay is Replay.WHERE_IT_FITS}


def _spell(option: Option[Any], value: Any) -> str:
    """Returns an option with its value as it is typed."""
    on, off = option.spelling, option.negation
    if isinstance(value, bool):
        return on if value else off
    shown = "x".join(map(str, value)) if isinstance(value, tuple) else value
    return f"no {on}" if value is None else f"{on} {shown}"
