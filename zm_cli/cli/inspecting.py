"""The reading options of `inspect` and its checks: unreadable samples are skipped, a stats file takes no options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from zm_cli.cli.parsing.parameters import Given, Reading
from zm_cli.cli.sources import NamedSource
from zm_cli.errors import UsageError
from zm_cli.formats import detect
from zm_cli.formats.shared.options import DESCRIBE, LIMIT, ON_ERROR, SAMPLE, SEED


def skip_unreadable(reading: Reading, named: NamedSource) -> Reading:
    """Returns the same reading with unreadable samples skipped and reported, if the format can skip samples."""
    if ON_ERROR not in detect(named.path, reading.kind).options:
        return reading
    return replace(reading, options=reading.options.replace(**{ON_ERROR.name: "skip"}))


def describe_text(reading: Reading, named: NamedSource) -> Reading:
    """Returns the same reading with text columns described, if the format has them."""
    if DESCRIBE not in detect(named.path, reading.kind).options:
        return reading
    return replace(reading, options=reading.options.replace(**{DESCRIBE.name: True}))


def is_open(named: NamedSource, reading: Reading) -> bool:
    """Returns whether the user did not choose what to read at the path, by a list of files or by an option."""
    harmless = {option.name for option in (LIMIT, SAMPLE, SEED)}
    return named.files is None and reading.options.to_dict().keys() <= harmless


def check_plain_stats(path: str, given: Given, allowed: Iterable[str] = ()) -> None:
    """Raises UsageError if options say how to read the stats file at `path`, except the `allowed` ones."""
    if any(option.name not in allowed for option in given.list_reading()):
        raise UsageError("is a stats file: it takes no options for reading data", where=path)
