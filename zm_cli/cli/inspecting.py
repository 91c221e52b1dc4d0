"""What `inspect` and its checks share: unreadable samples are skipped, and a stats file takes no reading options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from zm_cli.cli.groups import Given, Reading
from zm_cli.cli.sources import NamedSource
from zm_cli.errors import UsageError
from zm_cli.formats import detect
from zm_cli.formats.shared.options import ON_ERROR


def skip_unreadable(reading: Reading, named: NamedSource) -> Reading:
    """Returns the same reading with unreadable samples skipped and reported, if the format can skip samples."""
    if ON_ERROR not in detect(named.path, reading.kind).options:
        return reading
    return replace(reading, options=reading.options.replace(**{ON_ERROR.name: "skip"}))


def check_plain_stats(path: str, given: Given, allowed: Iterable[str] = ()) -> None:
    """Raises UsageError if options say how to read the stats file at `path`, except the `allowed` ones."""
    if any(option.name not in allowed for option in given.list_reading()):
        raise UsageError("is a stats file: it takes no options for reading data", where=path)
