"""What may come next on a command line: commands, options, values, the names that a file on the line holds."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import typer

from zm_cli.errors import ZmError

if TYPE_CHECKING:
    from typer.core import TyperGroup

PLACES = frozenset({"FILE", "PATH", "SOURCE"})
"""What options and arguments call a value that is a file or folder."""
MOST_SOURCES = 4
"""Files that are looked into."""
MOST_LINKS = 20_000
WALK_SECONDS = 0.5
"""Links of an HDF5 file that are followed, and for how long."""

ENCODINGS = ("utf-8", "utf-16", "utf-32", "latin-1", "cp1252", "shift_jis", "gb18030", "big5", "euc_kr", "koi8_r")


@dataclass(frozen=True)
class Answer:
    """What may stand in place of a word that was begun.

    `kind` is `words` for one of `suggestions`, `list` where more may follow after a comma, `files` for whatever file
    there is. Suggestions are whole words with their help; each begins as the word does. `start` is what stands in the
    word before its value: `--stats=`.
    """

    kind: Literal["words", "list", "files"]
    suggestions: tuple[tuple[str, str], ...] = ()
    start: str = ""


def complete(group: TyperGroup, before: Sequence[str], word: str, after: Sequence[str]) -> Answer:
    """What may stand in place of `word`, between the words `before`, from after zm's own name on, and `after` it."""
    place = next((place for place, given in enumerate(before) if given in group.commands), None)
    if place is None:
        if word.startswith("-"):
            return _answer_options(group, group.make_context("zm", [], resilient_parsing=True), word)
        named = [(name, command.get_short_help_str(100)) for name, command in group.commands.items()]
        return Answer("words", tuple(entry for entry in named if entry[0].startswith(word)))
    command = group.commands[before[place]]
    line = _Line(command)
    line.read(before[place + 1 :])
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
    """The words of a command, told apart into options with their values and the rest."""

    def __init__(self, command: Any) -> None:
        self.options = {
            name: each
            for each in command.params
            if each.param_type_name == "option"
            for name in (*each.opts, *each.secondary_opts)
        }
        self.pending: Any = None
        """The option whose value comes next."""
        self.plain = False
        """Whether `--` has ended the options."""
        self._given: list[str] = []
        self._places: list[str] = []

    def read(self, words: Iterable[str]) -> None:
        """Takes words that follow one another; those that do not parse are left out."""
        self.pending = None
        before = ""
        for word in words:
            name, equals, _ = word.partition("=")
            option = self.options.get(name)
            if self.pending is not None:
                self._given += [before, word]
                self.pending = None
            elif self.plain or not word.startswith("-") or word == "-":
                self._places.append(word)
            elif word == "--":
                self.plain = True
            elif option is not None and (option.is_flag or equals):
                self._given.append(word)
            elif option is not None:
                self.pending, before = option, name

    def arguments(self) -> list[str]:
        """The words in an order that parses, whatever is still missing."""
        return [*self._given, "--", *self._places]


def _answer_options(command: Any, context: Any, word: str) -> Answer:
    """The options that begin like `word`, without those that are there already and may stand once."""
    found = []
    for each in command.get_params(context):
        given = context.get_parameter_source(each.name)
        if each.param_type_name != "option" or each.hidden:
            continue
        if each.multiple or given is None or given.name != "COMMANDLINE":
            found += [(name, each.help or "") for name in (*each.opts, *each.secondary_opts) if name.startswith(word)]
    return Answer("words", tuple(found))


def _answer_value(option: Any, context: Any, value: str, start: str) -> Answer:
    """What the value of an option may be."""
    metavar = option.metavar or ""
    if metavar in PLACES:
        return Answer("files", start=start)
    found = option.shell_complete(context, value)
    listed = tuple((f"{start}{item.value}", item.help or "") for item in found)
    return Answer("list" if "," in metavar else "words", listed, start)


def offer(*values: str) -> Callable[[str], list[str]]:
    """A completer for an option that usually has one of these values."""

    def complete_value(incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    return complete_value


def complete_layout(incomplete: str) -> list[str]:
    """The usual layouts of arrays."""
    from zm_cli.data.spec import LAYOUTS

    return [layout for layouts in LAYOUTS.values() for layout in re.findall("[A-Z]+", layouts)]


def complete_mode(incomplete: str) -> list[str]:
    """The modes that images can be read in."""
    from zm_cli.formats.images.modes import ARRAY, BANDS

    return ["auto", *BANDS, ARRAY]


def complete_columns(ctx: typer.Context, incomplete: str) -> list[str]:
    """The list `incomplete`, its last name completed to each column of the table on the line that it has not yet."""
    from zm_cli.cli.parsing import parse_names

    done, begun = _split_list(incomplete)
    try:
        given = [*(ctx.params.get("columns") or ()), *(ctx.params.get("exclude") or ()), done]
        taken = parse_names(given, "--columns") or ()
    except ZmError:
        taken = ()
    names = [name for name in dict.fromkeys(_find_columns(ctx)) if name.isprintable() and name not in taken]
    spelled = [_spell_name(name, quoted=begun.startswith('"')) for name in names]
    return [done + name for name in spelled if name.startswith(begun)]


def complete_dataset(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The paths of datasets of numbers in the HDF5 files on the line, with shape and type."""
    rooted = incomplete.startswith("/") or not incomplete
    begun = incomplete if rooted else f"/{incomplete}"
    found = {path: told for path, told in _find_datasets(ctx, begun) if path.isprintable()}
    return [(path if rooted else path.removeprefix("/"), told) for path, told in found.items()]


def _split_list(text: str) -> tuple[str, str]:
    """A list of names told apart into what is finished, with its last comma and space, and the name that is begun."""
    start, quoted = 0, False
    for place, letter in enumerate(text):
        if letter == '"' and text[start] == '"':
            quoted = not quoted
        elif letter == "," and not quoted:
            start = place + 1
    begun = text[start:].lstrip(" ")
    return text[: len(text) - len(begun)], begun


def _spell_name(name: str, *, quoted: bool) -> str:
    """A name as it stands in a list of names."""
    if quoted or "," in name or name.startswith('"'):
        return '"' + name.replace('"', '""') + '"'
    return name


def _list_sources(ctx: typer.Context) -> list[str]:
    """The files and folders that the line names to be read."""
    named: list[str] = []
    for each in ctx.command.params:
        value = ctx.params.get(each.name or "") if each.param_type_name == "argument" else None
        named += [value] if isinstance(value, str) else value or ()
    return named[:MOST_SOURCES]


def _find_columns(ctx: typer.Context) -> Iterator[str]:
    """The names of the columns of the tables on the line; without one, those in the statistics to be applied."""
    sources = _list_sources(ctx)
    for path in sources:
        yield from _read_header(path, ctx.params)
    stats = ctx.params.get("stats")
    if not sources and isinstance(stats, str) and os.path.isfile(stats):
        from zm_cli.statsfile.store import load_stats

        try:
            found = load_stats(stats)
        except (ZmError, OSError):
            return
        if found.kind == "csv":
            yield from found.names or ()


def _read_header(path: str, options: dict[str, Any]) -> tuple[str, ...]:
    """The names of the columns of the table at `path`; none where it is no table, or a pipe that can be read once."""
    from zm_cli.formats import detect
    from zm_cli.formats.csv.encodings import parse_encoding
    from zm_cli.formats.csv.layout import parse_delimiter, read_layout
    from zm_cli.formats.csv.stream import TextStream

    delimiter, encoding = options.get("delimiter"), options.get("encoding")
    try:
        if not os.path.isfile(path) or detect(path, options.get("kind")).kind != "csv":
            return ()
        stream = TextStream(path, encoding and parse_encoding(encoding))
        try:
            header = not options.get("no_header")
            return read_layout(stream, path, delimiter and parse_delimiter(delimiter), header).names
        finally:
            stream.close()
    except (ZmError, OSError):
        return ()


def _find_datasets(ctx: typer.Context, begun: str) -> Iterator[tuple[str, str]]:
    """The datasets of numbers in the HDF5 files on the line whose paths begin so: path, and shape and type."""
    from zm_cli.formats import detect

    kind = ctx.params.get("kind")
    end = time.monotonic() + WALK_SECONDS
    for path in _list_sources(ctx):
        try:
            if os.path.isfile(path) and detect(path, kind).kind == "hdf5":
                yield from _walk_datasets(path, begun, end)
        except (ZmError, OSError):
            continue


def _walk_datasets(path: str, begun: str, end: float) -> Iterator[tuple[str, str]]:
    import h5py
    from h5py import h5d

    from zm_cli.formats.hdf5.access import ERRORS, open_file
    from zm_cli.formats.hdf5.choose import describe_type, numeric_dtype
    from zm_cli.formats.hdf5.links import decode_name, encode_name, walk
    from zm_cli.formats.hdf5.outside import stored_shape

    try:
        with open_file(path) as file:
            for count, (place, item, *_) in enumerate(walk(file)):
                if count == MOST_LINKS or time.monotonic() > end:
                    return
                if not isinstance(item, h5d.DatasetID) or not place.startswith(encode_name(begun)):
                    continue
                if numeric_dtype(dataset := h5py.Dataset(item)) is not None:
                    yield decode_name(place), f"{stored_shape(item)} {describe_type(dataset)}"
    except ERRORS:
        return
