"""The optional statistics that a method needs: measured along with the data, or found in a stats file."""

from __future__ import annotations

from dataclasses import replace

from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.shared.options import WEIGHT
from zm_cli.inputs.option_text import DEFAULT_QUANTILES
from zm_cli.methods import methods, methods_of
from zm_cli.numbers.statistic import Statistic
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.statistics import optional_statistics
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile.stats import Stats


def add_required(measuring: MeasureOptions, applying: ApplyOptions) -> MeasureOptions:
    """The options of measuring, completed with the statistics that are needed to apply them."""
    more = tuple(each for each in _list_required(applying) if each not in measuring.statistics)
    percents = methods()[applying.method_name].complete(applying).quantiles
    # The stats file shows the quantiles that are applied, besides the usual ones.
    shown = {} if percents is None else {Quantiles.name: tuple(sorted({*DEFAULT_QUANTILES, *percents}))}
    return replace(
        measuring,
        statistics=(*measuring.statistics, *more),
        settings={**shown, **measuring.settings},
        needed_for={each.name: _name_need(each, applying) for each in more},
    )


def check_required(stats: Stats, applying: ApplyOptions, where: str) -> None:
    """Raises DataError where the statistics, those of the file `where`, lack what is needed to apply them."""
    for statistic in _list_required(applying):
        if statistic.name not in stats.statistics:
            option = statistic.option
            asked = "" if option is None else " ".join([option.spelling, *option.suggestions[:1]])
            raise DataError(f"holds no {statistic.name}", where=where, hint=f"measure with zm stats {asked}")


def check_weights(applying: ApplyOptions, options: ReadOptions) -> None:
    """Raises UsageError where samples have weights, and a statistic is needed that does not take them."""
    if options.get(WEIGHT) is None or not _list_required(applying):
        return
    method = methods()[applying.method_name]
    several = len(methods_of(method.command)) > 1
    asked = f"--method {method.name}" if method.requires and several else f"--impute {applying.impute}"
    raise UsageError(f"{asked} does not take weights", hint=f"leave out {WEIGHT.spelling}")


def _name_need(statistic: type[Statistic], applying: ApplyOptions) -> str:
    """The option, or the command, that needs a statistic."""
    method = methods()[applying.method_name]
    if statistic.name not in method.requires:
        return f"--impute {applying.impute}"
    return f"--method {method.name}" if len(methods_of(method.command)) > 1 else f"zm {method.command}"


def _list_required(applying: ApplyOptions) -> list[type[Statistic]]:
    """The optional statistics that the method needs, and what missing values are filled with."""
    return [optional_statistics()[name] for name in methods()[applying.method_name].list_required(applying)]
