"""Turns the parameters of a command into options of the command line, and parsed options into its parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from zm_cli.cli.completion.complete import complete_from_data, complete_from_values
from zm_cli.cli.parsing.parameters import Given, ParameterGroup, parameter_groups
from zm_cli.data.options import Option, Panel
from zm_cli.formats import formats


@dataclass(frozen=True)
class Without:
    """Marks options of a parameter group that a command does not have: `Annotated[Reading, Without("on_error")]`."""

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", frozenset(names))


@dataclass(frozen=True)
class _Parameters:
    """The parameters of a command, by name: groups, single options, those for Given, and those left to typer."""

    groups: Mapping[str, ParameterGroup]
    single: Mapping[str, Option[Any]]
    given: Sequence[str]
    plain: Sequence[inspect.Parameter]

    def list_options(self) -> dict[str, Option[Any]]:
        """Returns all options by name, ordered by panel; an option that several parameters use is listed once."""
        order = list(Panel)
        listed = [*self.single.values(), *(option for group in self.groups.values() for option in group.options)]
        listed.sort(key=lambda option: order.index(option.panel or Panel.DATA))
        return {option.name: option for option in listed}

    def build_arguments(self, values: Mapping[str, Any], given: Given) -> dict[str, Any]:
        """Returns the arguments of the command, except the plain ones, from the values of all options by name."""
        single = {name: values[option.name] for name, option in self.single.items()}
        built = {
            name: group.build({option.name: values[option.name] for option in group.options})
            for name, group in self.groups.items()
        }
        return {**single, **built, **dict.fromkeys(self.given, given)}


def take_options(command: Callable[..., None]) -> Callable[..., None]:
    """Returns the command in the form that typer takes: each parameter group is replaced by its options.

    A parameter of a command is a single Option (`Annotated[T, OPTION]`), a group (a type in `parameter_groups()`), the
    options that were Given, or one that typer handles itself. The help shows options by panel.
    """
    parameters = _sort_parameters(command)
    options = parameters.list_options()

    @functools.wraps(command)
    def call(*, context: typer.Context, **raw: Any) -> None:
        given = Given(
            {option: raw[name] for name, option in options.items() if raw[name] not in (option.default, [])},
            frozenset(option for name, option in options.items() if _is_named(context, name)),
        )
        values = {name: _parse(option, raw.pop(name)) for name, option in options.items()}
        command(**raw, **parameters.build_arguments(values, given))

    spread = [
        _make_parameter("context", typer.Context, inspect.Parameter.empty),
        *parameters.plain,
        *(_make_parameter(name, _annotate(option), option.default) for name, option in options.items()),
    ]
    call.__signature__ = inspect.Signature(spread)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in spread}
    # Otherwise typer would look at the command itself.
    del call.__wrapped__
    return call


def _is_named(context: typer.Context, name: str) -> bool:
    """Returns whether the option of this name was typed."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _sort_parameters(command: Callable[..., None]) -> _Parameters:
    known: dict[str, ParameterGroup] = {}
    single: dict[str, Option[Any]] = {}
    given: list[str] = []
    plain: list[inspect.Parameter] = []
    for name, hint in get_type_hints(command, include_extras=True).items():
        base, extras = (get_args(hint)[0], get_args(hint)[1:]) if get_origin(hint) is Annotated else (hint, ())
        option = next((extra for extra in extras if isinstance(extra, Option)), None)
        if option is not None:
            single[name] = option
        elif base in parameter_groups():
            known[name] = _leave_out(parameter_groups()[base], extras)
        elif base is Given:
            given.append(name)
        elif name != "return":
            plain.append(_make_parameter(name, hint, None))
    return _Parameters(known, single, given, plain)


def _leave_out(group: ParameterGroup, extras: Iterable[Any]) -> ParameterGroup:
    names = {name for extra in extras if isinstance(extra, Without) for name in extra.names}
    return ParameterGroup(tuple(option for option in group.options if option.name not in names), group.build)


def _parse(option: Option[Any], raw: Any) -> Any:
    """Returns the value of an option; None if it was not given and has no default."""
    if option.given_as == list[str]:
        return option.parse(raw) if raw else None
    return raw if raw is None and option.default is None else option.parse(raw)


def _annotate(option: Option[Any]) -> Any:
    """Returns the option as an annotation for typer."""
    flag = option.given_as in (bool, bool | None)
    kind = option.given_as if option.default is not None or flag else option.given_as | None
    declared = typer.Option(
        *(option.flags or ((option.spelling,) if flag else ())),
        help=option.help,
        metavar="" if flag else option.metavar,
        min=option.minimum,
        show_default=option.show_default,
        autocompletion=_find_completer(option),
        rich_help_panel=option.panel,
    )
    return Annotated[kind, declared]


def _find_completer(option: Option[Any]) -> Callable[..., Any] | None:
    if any(option.name in entry.completers for entry in formats().values()):
        return complete_from_data(option)
    return complete_from_values(*option.suggestions) if option.suggestions else None


def _make_parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
