"""The options that make up one parameter of several commands, and the object that each parameter becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from zm_cli.cli.messages import Messages
from zm_cli.cli.options.checks import (
    AGAINST,
    CHECK,
    CHECKED_DDOF,
    CHECKED_RANGE,
    MAX_MISSING,
    MAX_OUTSIDE,
    MAX_PSI,
    MAX_QUANTILE_SHIFT,
    MAX_RATIO,
    MAX_SHIFT,
    TOLERANCE,
)
from zm_cli.cli.options.data import FILES_FROM, IGNORE, KIND, MISSING, PER, UNIT
from zm_cli.cli.options.methods import DDOF, EPSILON, IMPUTE, INDICATOR, INVERSE, STATS
from zm_cli.cli.options.output import (
    DTYPE,
    FORCE,
    FORMAT,
    IF_CHANGED,
    JSON,
    NO_CLOBBER,
    OUTPUT,
    PARTS,
    SAVE_STATS,
)
from zm_cli.cli.options.running import DASK, DEBUG, MEMORY, PROGRESS, QUIET, VERBOSE, WORKERS
from zm_cli.data.options import Option, Panel, ReadOptions
from zm_cli.formats import reading_options
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics import optional_statistics


@dataclass(frozen=True)
class Reading:
    """Which data to read, and how. `kind` None: detect it; `files_from` None: no list of files."""

    kind: str | None
    files_from: str | None
    options: ReadOptions


@dataclass(frozen=True)
class Writing:
    """Where to write a dataset, whose statistics to apply, and when to write nothing.

    `output` None is standard output, unless that is a terminal. The statistics are read from the file `stats`. If that
    is None, they are those of the source itself, and are saved at `save_stats`. `parts` is how many parts the output is
    a folder of; None: it is one dataset. With `if_changed`, an output that is up to date is left as it is; with
    `no_clobber`, nothing that exists is replaced. With `json`, a summary is printed.
    """

    output: str | None
    stats: str | None
    save_stats: str | None
    parts: int | None
    if_changed: bool
    no_clobber: bool
    json: bool


@dataclass(frozen=True)
class Checking:
    """The check to do, and its limits; None for a limit that has its default."""

    check: str | None
    tolerance: float | None
    range: tuple[float, float] | None
    ddof: int | None
    against: str | None
    max_shift: float | None
    max_ratio: float | None
    max_missing: float | None
    max_outside: float | None
    max_quantile_shift: float | None
    max_psi: float | None

    @property
    def given(self) -> bool:
        """Whether any of these options was given."""
        return any(getattr(self, field.name) is not None for field in fields(self))


@dataclass(frozen=True)
class Given:
    """The options given on the command line.

    `values` are those that differ from their defaults, each with its value before `Option.parse`. `named` are all that
    were typed, whatever their values are.
    """

    values: Mapping[Option[Any], Any]
    named: frozenset[Option[Any]]

    def spell(self, *, only_deciding: bool = False) -> list[str]:
        """Returns the options as words of a command line; with `only_deciding`, only those that decide the output."""
        chosen = [
            (option, value) for option, value in self.values.items() if option.decides_output or not only_deciding
        ]
        return [word for option, value in chosen for word in option.spell(value)]

    def list_reading(self) -> list[Option[Any]]:
        """Returns the options that say how to read or measure data."""
        other = (Panel.RUNNING, Panel.OUTPUT, Panel.CHECKS)
        return [option for option in self.values if option.panel not in other]


@dataclass(frozen=True)
class ParameterGroup:
    """The options that make up one parameter of a command, and how to build the parameter from their values."""

    options: tuple[Option[Any], ...]
    build: Callable[[dict[str, Any]], Any]


@cache
def parameter_groups() -> Mapping[type, ParameterGroup]:
    """Returns every parameter group, by the type of the parameter that it builds."""
    statistics = {each.option: each for each in optional_statistics().values() if each.option is not None}
    reading = {name: option for name, option in reading_options().items() if option.panel is not None}

    def build_reading(values: dict[str, Any]) -> Reading:
        chosen = {name: values.pop(name) for name in reading if name in values}
        return Reading(**values, options=ReadOptions(**chosen))

    def build_measuring(values: dict[str, Any]) -> MeasureOptions:
        given = {option: values.pop(option.name, option.default) for option in statistics}
        asked = {statistics[option]: value for option, value in given.items() if value != option.default}
        settings = {statistic.name: value for statistic, value in asked.items()}
        return MeasureOptions(**values, statistics=tuple(asked), settings=settings)

    def build_messages(values: dict[str, Any]) -> Messages:
        # --debug is read from the arguments directly, because they may not parse.
        return Messages(values["quiet"], values["verbose"], values["progress"])

    def build_plan(values: dict[str, Any]) -> Plan:
        # 0 stands for the default only here: as an amount that was asked for, it is too little.
        memory = 0 if values["memory"] is None else max(1, values["memory"])
        return Plan(values["workers"] or 0, memory, cluster=values["dask"])

    return {
        Reading: ParameterGroup((KIND, FILES_FROM, *reading.values()), build_reading),
        Writing: ParameterGroup(
            (OUTPUT, STATS, SAVE_STATS, PARTS, IF_CHANGED, NO_CLOBBER, JSON), lambda values: Writing(**values)
        ),
        MeasureOptions: ParameterGroup((PER, UNIT, *statistics, IGNORE, MISSING), build_measuring),
        ApplyOptions: ParameterGroup(
            (INVERSE, IMPUTE, INDICATOR, DDOF, EPSILON, MISSING, DTYPE, FORMAT, FORCE),
            lambda values: ApplyOptions(**values),
        ),
        Checking: ParameterGroup(
            (
                *(CHECK, TOLERANCE, CHECKED_RANGE, CHECKED_DDOF, AGAINST, MAX_SHIFT, MAX_RATIO, MAX_MISSING),
                *(MAX_OUTSIDE, MAX_QUANTILE_SHIFT, MAX_PSI),
            ),
            lambda values: Checking(**values),
        ),
        Plan: ParameterGroup((WORKERS, MEMORY, DASK), build_plan),
        Messages: ParameterGroup((QUIET, VERBOSE, PROGRESS, DEBUG), build_messages),
    }
