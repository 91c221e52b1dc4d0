"""`--if-changed`: whether an output is already what a run would make of the same inputs, options and version."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import zm_cli
from zm_cli.cli.groups import Choices, Writing
from zm_cli.cli.reading import read_options
from zm_cli.cli.sources import Named
from zm_cli.errors import UsageError, ZmError
from zm_cli.formats import find_receipt, list_files
from zm_cli.outputs.provenance import Made, digest_inputs, parse_made, shorten_options
from zm_cli.statsfile.store import digest_stats, load_stats

NOT_THERE = "it is not there"
DECIDE_NOTHING = frozenset({"files_from", "force", "if_changed", "json", "save_stats"})
"""Options beside which the same comes out: what is written is recorded elsewhere, or by its sources' names."""


def record_run(
    command: str,
    named: Sequence[Named],
    choices: Choices,
    writing: Writing | None = None,
    stats_file: str | None = None,
    **others: Any,
) -> Made:
    """The record of a run of `command` on the sources that were named, with these options and `others`.

    All files are read for it. Raises UsageError for what cannot be read twice.
    """
    reading = choices.reading
    if "-" in (stats_file, *(source.path for source in named)):
        raise UsageError("cannot tell whether standard input has changed", where="--if-changed", hint="name a file")
    if reading.allow_external:
        raise UsageError("does not see the files that --allow-external lets in", where="--if-changed")
    words = ["zm", command, *(source.path for source in named)]
    for group in (choices.computing, reading, choices.strictness, writing or Writing()):
        for field in fields(group):
            value = getattr(group, field.name)
            if field.name not in DECIDE_NOTHING and value != field.default:
                words += _spell(field.name, value)
    for name, value in others.items():
        words += _spell(name, value)
    options = read_options(reading, choices.strictness.on_error)
    files = [list_files(source.path, replace(options, files=source.files), reading.kind) for source in named]
    if stats_file is not None:
        files.append(iter([("statistics", stats_file)]))
    return Made(zm_cli.__version__, shorten_options(shlex.join(words)), digest_inputs(files))


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
    if not Path(output).exists():
        return NOT_THERE
    try:
        return _compare(load_stats(output).made, made)
    except ZmError:
        return "it cannot be read"


def find_change_of_dataset(output: str, save_stats: str | None, made: Made, dataset: str | None) -> str | None:
    """Why the dataset at `output`, with its statistics at `save_stats`, is not what the run would make, None where it
    is."""
    if not Path(output).exists():
        return NOT_THERE
    receipt = find_receipt(output, dataset) or {}
    difference = _compare(parse_made(receipt.get("made")), made)
    if difference is None and save_stats is not None:
        if not Path(save_stats).exists():
            return f"{save_stats} is not there"
        try:
            if digest_stats(load_stats(save_stats)) != receipt.get("stats"):
                return f"{save_stats} is not what was written with it"
        except ZmError:
            return f"{save_stats} cannot be read"
    return difference


def _compare(found: Made | None, made: Made) -> str | None:
    if found is None:
        return "it does not say what it was made of"
    difference = found.find_difference(made)
    return None if difference is None else f"other {difference}"
