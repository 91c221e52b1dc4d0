"""Groups of options that several commands have, and how a command takes a group for a parameter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from zm_cli.cli import options as opt


@dataclass(frozen=True)
class Reading:
    """How the data are to be read; None where the choice is left to their format."""

    kind: opt.Kind = None
    files_from: opt.FilesFrom = None
    include: opt.Include = None
    exclude: opt.Exclude = None
    limit: opt.Limit = None
    ignore: opt.Ignore = None
    mode: opt.Mode = None
    resize: opt.Resize = None
    exif: opt.Exif = None
    max_pixels: opt.MaxPixels = None
    columns: opt.Columns = None
    delimiter: opt.Delimiter = None
    encoding: opt.Encoding = None
    no_header: opt.NoHeader = False
    null_value: opt.NullValue = None
    dataset: opt.Dataset = None
    layout: opt.Layout = None
    allow_external: opt.AllowExternal = False


@dataclass(frozen=True)
class Strictness:
    """What becomes of samples that cannot be read, and of values that are missing."""

    missing: opt.Missing = "skip"
    on_error: opt.OnError = None


@dataclass(frozen=True)
class Computing:
    """What gets a mean of its own, and on which scale."""

    per: opt.Per = None
    unit: opt.Unit = False


@dataclass(frozen=True)
class Checking:
    """What the data are to be checked for, and the limits; None where a limit is left at its default."""

    check: opt.Check = None
    tolerance: opt.Tolerance = None
    against: opt.Against = None
    max_shift: opt.MaxShift = None
    max_ratio: opt.MaxRatio = None
    max_missing: opt.MaxMissing = None
    max_outside: opt.MaxOutside = None


@dataclass(frozen=True)
class Writing:
    """What is written of the transformed data, by which statistics, and where."""

    stats: opt.StatsFile = None
    inverse: opt.Inverse = False
    impute: opt.Impute = None
    dtype: opt.Dtype = None
    form: opt.Form = None
    save_stats: opt.SaveStats = None
    force: opt.Force = False
    if_changed: opt.IfChanged = False
    json: opt.Json = False


@dataclass(frozen=True)
class Running:
    """How to run, and how much to say."""

    workers: opt.Workers = None
    memory: opt.Memory = "256MB"
    quiet: opt.Quiet = False
    verbose: opt.Verbose = False
    progress: opt.Progress = None
    debug: opt.Debug = False


@dataclass(frozen=True)
class Choices:
    """What the commands that measure have in common."""

    computing: Computing
    reading: Reading
    strictness: Strictness
    running: Running


def take_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter that is a group spread out into the options of the group."""
    groups: dict[str, Any] = {}
    flat: list[inspect.Parameter] = []
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        group = hints[name]
        if is_dataclass(group):
            groups[name] = group
            types = get_type_hints(group, include_extras=True)
            flat += [_option(field.name, types[field.name], field.default) for field in fields(group)]
        else:
            flat.append(_option(name, group, parameter.default))

    @functools.wraps(command)
    def spread(**values: Any) -> None:
        made = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**values, **made)

    spread.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    del spread.__wrapped__
    return spread


def _option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
