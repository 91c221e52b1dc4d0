"""Data opened as those were that statistics were made of."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect, open_source
from zm_cli.statsfile.stats import Stats

FIXED_CHOICES = ("mode", "lossy", "resize", "exif")
"""Choices in decoding images that data must share with the statistics: other pixels have other means."""

PLACES = ("dataset", "layout")
"""Choices that say where in a file the values lie; followed as for the statistics where that fits the file."""


def open_to_apply(
    path: str, options: ReadOptions, stats: Stats, kind: str | None = None, *, inverse: bool = False
) -> tuple[Source, Stats]:
    """The source at `path` read as the statistics' own data were, and the statistics of the columns to transform.

    For an inverse, images are read as they are: they are arrays that were decoded before.
    Raises DataError where the data lack a column or were asked to be read in another way; UsageError as `open_source`.
    """
    found = detect(path, kind).kind
    if stats.axes == "NC" and stats.names is not None and found == stats.kind:
        return _open_table(path, options, stats, kind)
    if found != stats.kind:
        return open_source(path, options, kind), stats
    replayed = replay(options, stats, path, skip=FIXED_CHOICES if inverse else ())
    try:
        source = open_source(path, replayed, kind)
        if not inverse:
            stats.check_fits(source.spec, path)
        return source, stats
    except (UsageError, DataError) as error:
        # Where things lie in a file may differ from one to the next; what the values are may not.
        own = replace(replayed, **{choice: getattr(options, choice) for choice in PLACES})
        if own == replayed:
            raise
        try:
            source = open_source(path, own, kind)
            stats.check_fits(source.spec, path)
        except DataError as other:
            # That the data do not fit says more than that the place is not there, which nobody asked for.
            raise (error if isinstance(error, DataError) else other) from None
        except UsageError:
            raise error from None
        return source, stats


def _open_table(path: str, options: ReadOptions, stats: Stats, kind: str | None) -> tuple[Source, Stats]:
    """The table with those columns of the statistics as features that the options leave, and their statistics."""
    source = open_source(path, replace(replay(options, stats, path), among=stats.names), kind)
    if source.spec.names == stats.names:
        return source, stats
    if stats.per == "all":
        source.close()
        raise UsageError("statistics --per all are of all their columns together", where="--columns")
    return source, stats.select(list(source.spec.names or ()))


def replay(options: ReadOptions, stats: Stats, path: str, *, skip: tuple[str, ...] = ()) -> ReadOptions:
    """The options with every choice that the user left open, but those to skip, made as it was for the statistics."""
    changes: dict[str, Any] = {}
    for option in fields(options):
        if option.name in skip:
            continue
        made = stats.decoding.get(option.name)
        made = tuple(made) if isinstance(made, list) else made
        asked = getattr(options, option.name)
        if asked is None and made is not None:
            changes[option.name] = made
        elif asked is not None and option.name in FIXED_CHOICES and str(asked).lower() != str(made).lower():
            raise DataError(
                f"does not fit the statistics: they were made with {_spell(option.name, made)}",
                where=path,
                hint=f"leave out --{option.name}",
            )
    return replace(options, **changes)


def _spell(option: str, value: Any) -> str:
    """An option with its value as one would type it."""
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{option}"
    shown = "x".join(map(str, value)) if isinstance(value, tuple) else value
    return f"no --{option}" if value is None else f"--{option} {shown}"
