"""Completion of a command line: commands, options, values, and the names in the files on the line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import typer

from zm_cli.data.options import Option, ReadOptions
from zm_cli.errors import ZmError
from zm_cli.formats import detect, formats, reading_options
from zm_cli.inputs.option_text import parse_names

if TYPE_CHECKING:
    from typer.core import TyperGroup

PATHS = frozenset({"FILE", "PATH", "SOURCE"})
"""The metavars of values that are files or folders."""
MAX_SOURCES = 4
"""How many files are opened to look for names."""


@dataclass(frozen=True)
class Answer:
    """The suggestions for an unfinished word.

    `kind` is `words` if the word is one of the suggestions, `list` if more may follow after a comma, and `files` if
    the shell should suggest files. `suggestions` are whole words with their help; each starts with the unfinished word.
    `start` is the part of the word before its value: `--stats=`.
    """

    kind: Literal["words", "list", "files"]
    suggestions: tuple[tuple[str, str], ...] = ()
    start: str = ""


def complete(group: TyperGroup, before: Sequence[str], word: str, after: Sequence[str]) -> Answer:
    """Returns the suggestions for `word`, given the words `before` it (without `zm` itself) and `after` it."""
    index = next((index for index, given in enumerate(before) if given in group.commands), None)
    if index is None:
        if word.startswith("-"):
            return _answer_options(group, group.make_context("zm", [], resilient_parsing=True), word)
        named = [(name, command.get_short_help_str(100)) for name, command in group.commands.items()]
        return Answer("words", tuple(entry for entry in named if entry[0].startswith(word)))
    command = group.commands[before[index]]
    line = _Line(command)
    line.read(before[index + 1 :])
    pending = line.pending
    line.read(after)
    context = command.make_context(command.name, line.arguments(), resilient_parsing=True)
    if pending is not None:
        return _answer_value(pending, context, word, "")
    if word.startswith("-") and word != "-" and not line.plain and "=" in word:
        name, _, value = word.partition("=")
        option = line.options.get(name)
        return Answer("words") if option is None else _answer_value(option, context, value, f"{name}=")
    if word.startswith("-") and not line.plain:
        return _answer_options(command, context, word)
    return Answer("files")


class _Line:
    """The words of a command, split into options with their values and positional arguments."""

    def __init__(self, command: Any) -> None:
        self.options = {
            name: each
            for each in command.params
            if each.param_type_name == "option"
            for name in (*each.opts, *each.secondary_opts)
        }
        self.pending: Any = None
        """The option whose value is the next word."""
        self.plain = False
        """Whether `--` has ended the options."""
        self._given: list[str] = []
        self._positional: list[str] = []

    def read(self, words: Iterable[str]) -> None:
        """Adds words in their order; skips those that do not parse."""
        self.pending = None
        before = ""
        for word in words:
            name, equals, _ = word.partition("=")
            option = self.options.get(name)
            if self.pending is not None:
                self._given += [before, word]
                self.pending = None
            elif self.plain or not word.startswith("-") or word == "-":
                self._positional.append(word)
            elif word == "--":
                self.plain = True
            elif option is not None and (option.is_flag or equals):
                self._given.append(word)
            elif option is not None:
                self.pending, before = option, name

    def arguments(self) -> list[str]:
        """Returns the words in an order that parses, even if the line is incomplete."""
        return [*self._given, "--", *self._positional]


def _answer_options(command: Any, context: Any, word: str) -> Answer:
    """Returns the options that start with `word`, without those that are already given and cannot be repeated."""
    found = []
    for each in command.get_params(context):
        given = context.get_parameter_source(each.name)
        if each.param_type_name != "option" or each.hidden:
            continue
        if each.multiple or given is None or given.name != "COMMANDLINE":
            found += [(name, each.help or "") for name in (*each.opts, *each.secondary_opts) if name.startswith(word)]
    return Answer("words", tuple(found))


def _answer_value(option: Any, context: Any, value: str, start: str) -> Answer:
    """Returns the suggestions for the value of an option."""
    metavar = option.metavar or ""
    if metavar in PATHS:
        return Answer("files", start=start)
    found = option.shell_complete(context, value)
    listed = tuple((f"{start}{item.value}", item.help or "") for item in found)
    return Answer("list" if "," in metavar else "words", listed, start)


def complete_from_values(*values: str) -> Callable[[str], list[str]]:
    """Returns a completer for an option that usually has one of these values."""

    def complete_value(incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    return complete_value


def complete_from_data(option: Option[Any]) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """Returns a completer that finds the values of an option (columns, datasets) in the data on the line."""
    if option.given_as == list[str]:
        return lambda ctx, incomplete: _complete_list(option, ctx, incomplete)
    return lambda ctx, incomplete: list(dict.fromkeys(_find_values(option, ctx, incomplete)))


def _complete_list(option: Option[Any], ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Completes the last name of a list with each name in the data that is not in the list yet."""
    done, begun = _split_list(incomplete)
    try:
        given = [text for other in _list_siblings(option) for text in ctx.params.get(other) or ()]
        taken = parse_names([*given, done], option.spelling) or ()
    except ZmError:
        taken = ()
    names = [name for name in dict(_find_values(option, ctx, "")) if name.isprintable() and name not in taken]
    spelled = [_spell_name(name, quoted=begun.startswith('"')) for name in names]
    return [(done + name, "") for name in spelled if name.startswith(begun)]


def _list_siblings(option: Option[Any]) -> list[str]:
    """Returns the options that complete the same names as this one."""
    return [
        name
        for entry in formats().values()
        for name, complete in entry.completers.items()
        if complete is entry.completers.get(option.name)
    ]


def _find_values(option: Option[Any], ctx: typer.Context, begun: str) -> Iterator[tuple[str, str]]:
    """Yields the values of an option for the data on the line or, without data, for the stats file on the line."""
    sources = _list_sources(ctx)
    for path in sources:
        try:
            entry = detect(path, ctx.params.get("kind"))
            if path != "-" and option.name in entry.completers:
                yield from entry.completers[option.name](path, _read_options(ctx), begun)
        except (ZmError, OSError):
            continue
    stats = ctx.params.get("stats")
    if not sources and isinstance(stats, str) and os.path.isfile(stats):
        from zm_cli.statsfile.store import load_stats

        try:
            found = load_stats(stats)
        except (ZmError, OSError):
            return
        if option.given_as == list[str] and option.name in formats()[found.kind].completers:
            yield from ((name, "") for name in found.names or ())


def _read_options(ctx: typer.Context) -> ReadOptions:
    """Returns the reading options on the line; skips those that do not parse."""
    values: dict[str, Any] = {}
    for name, option in reading_options().items():
        given = ctx.params.get(name)
        if given not in (None, [], option.default):
            with suppress(ZmError):
                values[name] = option.parse(given)
    return ReadOptions(**values)


def _split_list(text: str) -> tuple[str, str]:
    """Splits a list of names into the finished part, up to its last comma and space, and the unfinished name."""
    start, quoted = 0, False
    for index, letter in enumerate(text):
        if letter == '"' and text[start] == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            start = index + 1
    begun = text[start:].lstrip(" ")
    return text[: len(text) - len(begun)], begun


def _spell_name(name: str, *, quoted: bool) -> str:
    """Returns a name as it is written in a list of names."""
    if quoted or "," in name or name.startswith('"'):
        return '"' + name.replace('"', '""') + '"'
    return name


def _list_sources(ctx: typer.Context) -> list[str]:
    """Returns the files and folders to read that the line names."""
    named: list[str] = []
    for each in ctx.command.params:
        value = ctx.params.get(each.name or "") if each.param_type_name == "argument" else None
        named += [value] if isinstance(value, str) else value or ()
    return named[:MAX_SOURCES]
