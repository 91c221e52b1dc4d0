"""Describes a run for its checkpoint, and says how another run differs from it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import xxhash

import zm_cli
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.data.spec import Spec
from zm_cli.formats import reading_options
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import choose_per
from zm_cli.pipeline.options import MeasureOptions

Run = Mapping[str, Any]
"""Everything that decides the result of a run, as JSON values."""
MAX_LETTERS = 100
"""The most characters of an option's value that are kept; a hash stands for the rest."""


def describe_run(sources: Sequence[Source], options: MeasureOptions, reading: ReadOptions) -> Run:
    """Returns the version, options and sources of a run; UsageError for options that these data do not allow."""
    first = sources[0]
    measuring = {
        "--per": choose_per(first.spec, options.per, first.path),
        "--unit": options.unit,
        "--ignore": options.ignore,
        "--missing": options.missing,
        **{
            each.option.spelling if each.option else each.name: options.settings.get(each.name, True)
            for each in options.statistics
        },
    }
    known = reading_options()
    chosen = {known[name].spelling: value for name, value in reading.to_dict().items()}
    return {
        "version": zm_cli.__version__,
        # Not `value not in (None, False)`: 0 equals False, but `--ignore 0` is an option that was given.
        "options": {
            name: _format_option(value)
            for name, value in (measuring | chosen).items()
            if value is not None and value is not False
        },
        "sources": [_describe_source(source) for source in sources],
    }


def find_stamp(path: str) -> list[int] | None:
    """Returns the size of a file and its modification time in nanoseconds; None if it is not a regular file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns] if stat.S_ISREG(status.st_mode) else None


def find_difference(earlier: Any, run: Run) -> str | None:
    """Returns a clause about how a run differs from the earlier one of a checkpoint; None if they do the same.

    `earlier` comes from a file and may have any form.
    """
    if earlier == run:
        return None
    try:
        return _name_difference(earlier, run)
    except (AttributeError, KeyError, TypeError):
        return "a run with other data or options"


def _name_difference(earlier: Run, run: Run) -> str:
    if earlier["version"] != run["version"]:
        return f"a run of zm {earlier['version']}, this is zm {run['version']}"
    theirs, ours = earlier["options"], run["options"]
    for name in {**ours, **theirs}:
        if theirs.get(name) != ours.get(name):
            return f"a run with {_spell_option(name, theirs)}, this one has {_spell_option(name, ours)}"
    for one, other in zip(earlier["sources"], run["sources"], strict=False):
        if difference := _compare_sources(one, other):
            return difference
    before, now = len(earlier["sources"]), len(run["sources"])
    return f"a run of {before:,} source{'s' * (before != 1)}, this one has {now:,}"


def _format_option(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text if len(text) <= MAX_LETTERS else f"{text[:MAX_LETTERS]}... {xxhash.xxh3_64_hexdigest(text.encode())}"


def _spell_option(name: str, options: Mapping[str, str]) -> str:
    if name not in options:
        return f"no {name}"
    return name if options[name] == "True" else f"{name} {options[name]}"


def _describe_source(source: Source) -> dict[str, Any]:
    return {
        "path": source.path,
        "kind": source.spec.kind,
        "bytes": source.nbytes,
        "stamp": find_stamp(source.path),
        "spec": _hash_spec(source.spec),
    }


def _hash_spec(spec: Spec) -> str:
    """Returns a hash of everything that is known of the data before they are read."""
    texts = [f"{field.name}={getattr(spec, field.name)!r}" for field in fields(spec)]
    return xxhash.xxh3_128_hexdigest("\0".join(texts).encode("utf-8", "surrogatepass"))


def _compare_sources(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    path = name_input(other["path"])
    if one["path"] != other["path"]:
        return f"a run of {name_input(one['path'])}, this one is of {path}"
    for key, what in (
        ("kind", "in which {} was of another kind"),
        ("bytes", "in which {} had another size"),
        ("stamp", "from before {} was changed"),
        ("spec", "in which {} had other columns, shapes or types of values"),
    ):
        if one[key] != other[key]:
            return f"a run {what.format(path)}"
    return None
