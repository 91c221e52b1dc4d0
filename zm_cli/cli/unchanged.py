"""`--if-changed`: whether an output is already what a run would make of the same inputs, options and version."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import zm_cli
from zm_cli.cli.sources import Named
from zm_cli.errors import UsageError, ZmError
from zm_cli.formats import find_receipt
from zm_cli.made import Made, digest_inputs, parse_made
from zm_cli.statsstore import digest_stats, load_stats

DECIDE_NOTHING = frozenset({"files_from", "force", "if_changed", "json", "save_stats"})
"""Options beside which the same comes out: what is written is recorded elsewhere, or by its sources' names."""


def record_run(
    command: str, named: Sequence[Named], groups: Sequence[Any], stats_file: str | None = None, **others: Any
) -> Made:
    """The record of a run of `command` on the sources that were named, with the options in `groups` and `others`.

    All files are read for it. Raises UsageError for what cannot be read twice, DataError for what cannot be read.
    """
    places = [place for source in named for place in source.list_places()]
    if "-" in (*places, stats_file):
        raise UsageError("cannot tell whether standard input has changed", where="--if-changed", hint="name a file")
    if any(getattr(group, "allow_external", False) for group in groups):
        raise UsageError("does not see the files that --allow-external lets in", where="--if-changed")
    words = ["zm", command, *(source.path for source in named)]
    for group in groups:
        for field in fields(group):
            value = getattr(group, field.name)
            if field.name not in DECIDE_NOTHING and value != field.default:
                words += _spell(field.name, value)
    for name, value in others.items():
        words += _spell(name, value)
    inputs = places if stats_file is None else [*places, stats_file]
    return Made(zm_cli.__version__, shlex.join(words), digest_inputs(inputs))


def _spell(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, list):
        return [f"{option}={entry}" for entry in value]
    return [option if value is True else f"{option}={value}"]


def check_stays(output: str | None) -> str:
    """The output, which may have stayed from an earlier run; UsageError where it cannot."""
    if output is None or output == "-":
        raise UsageError("needs an output that stays", where="--if-changed", hint="name a file with -o")
    return output


def find_change(output: str, made: Made) -> str | None:
    """Why the stats file at `output` is not what the run would make, None where it is."""
    try:
        found = load_stats(output).made if Path(output).exists() else None
    except ZmError:
        return "it cannot be read"
    return _compare(output, found, made)


def find_change_of_dataset(output: str, save_stats: str | None, made: Made, dataset: str | None) -> str | None:
    """Why the dataset at `output`, with its statistics at `save_stats`, is not what the run would make, None where it
    is."""
    if not Path(output).exists():
        return _compare(output, None, made)
    receipt = find_receipt(output, dataset) or {}
    difference = _compare(output, parse_made(receipt.get("made")), made)
    if difference is None and save_stats is not None:
        if not Path(save_stats).exists():
            return f"{save_stats} is not there"
        try:
            if digest_stats(load_stats(save_stats)) != receipt.get("stats"):
                return f"{save_stats} is not what was written with it"
        except ZmError:
            return f"{save_stats} cannot be read"
    return difference


def _compare(output: str, found: Made | None, made: Made) -> str | None:
    if not Path(output).exists():
        return "it is not there"
    if found is None:
        return "it does not say what it was made of"
    difference = found.find_difference(made)
    return None if difference is None else f"other {difference}"
