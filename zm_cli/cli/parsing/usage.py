"""Turns errors of the option parser into errors of zm: where, what, and what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import typer

from zm_cli.errors import UsageError
from zm_cli.suggest import find_near

ONE_TOO_MANY = "Got unexpected extra argument(s) ("
MAX_LISTED = 3
"""The most unexpected arguments that a message lists."""
MAX_LOOKED_AT = 20
"""The most files that are looked at to find out whether they are stats files."""


def explain_usage(error: typer.TyperException) -> UsageError | None:
    """Returns the parser's error as a UsageError; None if it has no message, as after a command that shows its help."""
    if not error.format_message():
        return None
    option = getattr(error, "option_name", None)
    if option is not None:
        return _explain_option(error, option)
    parameter = getattr(error, "param", None)
    if parameter is not None:
        return _explain_value(error, parameter)
    context = getattr(error, "ctx", None)
    what = error.format_message().rstrip(".")
    if context is None:
        return UsageError(what, hint="see zm --help")
    called = context.command_path
    if what.startswith(ONE_TOO_MANY):
        # Arguments with spaces are told as several.
        extra = what.removeprefix(ONE_TOO_MANY).removesuffix(")").split(" ")
        are = "is an unexpected argument" if len(extra) == 1 else "are unexpected arguments"
        rest = len(extra) - MAX_LISTED
        listed = " ".join(extra[:MAX_LISTED]) + (f" and {rest:,} more" if rest > 0 else "")
        return UsageError(are, where=listed, hint=_advise_extra(extra, context))
    if what == "Missing command":
        return UsageError("a command is missing", hint=f"choose from {', '.join(context.command.commands)}")
    return UsageError(what, where=called, hint=f"see {called} --help")


def _advise_extra(extra: Sequence[str], context: Any) -> str:
    """Returns the hint for arguments that are too many; if they are stats files, some perhaps damaged: zm merge."""
    from zm_cli.statsfile.store import is_stats_file

    arguments = [each.name for each in context.command.params if each.param_type_name == "argument"]
    given = [context.params.get(name) for name in arguments]
    paths = [path for path in (*given, *extra) if isinstance(path, str)][:MAX_LOOKED_AT]
    if sum(map(is_stats_file, paths)) > 1:
        return "zm merge makes one stats file of several"
    return f"usage: {_describe_call(context)}"


def _explain_option(error: Any, option: str) -> UsageError:
    """Returns the error of an unknown option, of one without its value, or of a flag with a value."""
    context = error.ctx
    if "does not take a value" in error.message:
        return UsageError("takes no value", where=option, hint=f"leave out what follows {option}")
    known = _list_options(context)
    if option in known:
        return UsageError("needs a value", where=option, hint=_describe_values(known[option], context))
    what = f"{context.command_path} has no such option"
    return UsageError(what, where=option, hint=_advise_option(option, known, context))


def _advise_option(option: str, known: Iterable[str], context: Any) -> str:
    """Returns the hint for an option that this command does not have."""
    help_hint = f"see {context.command_path} --help"
    if not option.startswith("--"):
        return f"long options begin with two dashes, {help_hint}"
    root = context.find_root()
    commands = root.command.commands.items()
    owners = [name for name, command in commands if option in dict(_iterate_options(command.params))]
    if owners and context is root:
        return f"write it after the command: zm {owners[0]} {option}"
    if owners:
        *others, last = (f"zm {name}" for name in owners)
        return f"it belongs to {', '.join(others)} and {last}" if others else f"it belongs to {last}"
    near = find_near(option.lstrip("-"), (name.removeprefix("--") for name in known if name.startswith("--")))
    return f"did you mean --{near}?" if near else help_hint


def _explain_value(error: Any, parameter: Any) -> UsageError:
    """Returns the error of an option or argument whose value is not valid or is missing."""
    where = _name_parameter(parameter)
    if error.__class__.__name__ == "MissingParameter":
        what = "is missing" if parameter.param_type_name == "argument" else "is needed"
        return UsageError(what, where=where, hint=f"usage: {_describe_call(error.ctx)}")
    choices = [str(choice) for choice in getattr(parameter.type, "choices", ())]
    message = error.message.rstrip(".")
    if choices:
        value = _read_literal(message.rpartition(" is not one of ")[0])
        near = find_near(value, choices)
        guess = f"did you mean {near}? " if near else ""
        return UsageError(f"there is no '{value}'", where=where, hint=f"{guess}choose from {', '.join(choices)}")
    value, found, _ = message.rpartition(" is not a valid ")
    if found:
        kind = "number" if "float" in parameter.type.name else "whole number"
        return UsageError(f"'{_read_literal(value)}' is not a {kind}", where=where)
    value, found, _ = message.rpartition(" is not in the range ")
    if found:
        return UsageError(f"{value} is too small", where=where, hint=f"at least {parameter.type.min:g}")
    return UsageError(message, where=where)


def _read_literal(text: str) -> str:
    """Returns the text that the parser put into a message as a Python literal."""
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def _list_options(context: Any) -> dict[str, Any]:
    """Returns the options of a command by each of their names."""
    return dict(_iterate_options(context.command.get_params(context)))


def _iterate_options(parameters: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for parameter in parameters:
        if parameter.param_type_name == "option" and not parameter.hidden:
            for name in (*parameter.opts, *parameter.secondary_opts):
                yield name, parameter


def _name_parameter(parameter: Any) -> str:
    """Returns the name of a parameter on the command line: the longest of an option, the metavar of an argument."""
    if parameter.param_type_name == "argument":
        return str(parameter.human_readable_name)
    return str(max((*parameter.opts, *parameter.secondary_opts), key=len))


def _describe_values(parameter: Any, context: Any) -> str:
    choices = [str(choice) for choice in getattr(parameter.type, "choices", ())]
    if choices:
        return f"choose from {', '.join(choices)}"
    return f"write {_name_parameter(parameter)} {parameter.make_metavar(ctx=context)}"


def _describe_call(context: Any) -> str:
    """Returns the usage of a command, with its arguments and required options."""
    command = context.command
    required = [
        f"{'/'.join(sorted(each.opts, key=len)[:1])} {each.make_metavar(ctx=context)}"
        for each in command.params
        if each.param_type_name == "option" and each.required
    ]
    arguments = [
        _name_parameter(each) + ("..." if each.nargs < 0 else "")
        for each in command.params
        if each.param_type_name == "argument"
    ]
    return " ".join([context.command_path, *arguments, *required])
