"""The registry of formats, one package each: recognizes the format of a path, and opens it as a Source."""

from __future__ import annotations

import importlib
import os
import pkgutil
import stat
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zm_cli.data.format import Confidence, Format, OpeningTick, ignore_opening
from zm_cli.data.options import Option, ReadOptions
from zm_cli.errors import DataError, NothingToMeasureError, UsageError, ZmError
from zm_cli.inputs.standard_input import name_input
from zm_cli.running.guard import note_input

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.running.plan import Plan

DESCRIPTORS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""Paths of file descriptors that are already open."""


@cache
def formats() -> Mapping[str, Format]:
    """Returns every format by its kind: each package here that has a FORMAT."""
    found: dict[str, Format] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        entry = getattr(importlib.import_module(f"{__name__}.{module.name}"), "FORMAT", None)
        if isinstance(entry, Format):
            found[entry.kind] = entry
    return found


@cache
def reading_options() -> Mapping[str, Option[Any]]:
    """Returns the options of all formats by their names; raises AssertionError if two options have the same name."""
    found: dict[str, Option[Any]] = {}
    for entry in formats().values():
        for option in entry.options:
            assert found.setdefault(option.name, option) is option, f"two options are called {option.name}"
    return found


def detect(path: str, kind: str | None = None, *, preferred: str | None = None) -> Format:
    """Returns the format named `kind`; without `kind`, the format that recognizes `path` most surely.

    The format of the `preferred` kind wins if it recognizes the path at all. Raises UsageError if there is nothing at
    the path, if no format recognizes it, or if several do so equally surely; NothingToMeasureError for an empty file.
    """
    known = formats()
    location = Path(path)
    check_exists(path)
    if kind is not None:
        if kind not in known:
            raise UsageError(f"there is no kind '{kind}'", where="--kind", hint=f"choose from {', '.join(known)}")
        if path == "-" and not known[kind].reads_pipe:
            raise UsageError(
                f"only {_piped().kind} is read from a pipe", where=name_input(path), hint="save it to a file first"
            )
        return known[kind]
    if path == "-":
        return _piped()
    claims = {entry.kind: entry.recognize(location) for entry in known.values()}
    found = {kind: confidence for kind, confidence in claims.items() if confidence is not None}
    if found:
        surest = [name for name, confidence in found.items() if confidence == max(found.values())]
        if preferred in found:
            surest = [preferred]
        if len(surest) > 1:
            raise UsageError(f"may be {' or '.join(surest)}", where=path, hint="say what it is with --kind")
        return known[surest[0]]
    if path.startswith(DESCRIPTORS) or not (location.is_file() or location.is_dir()):
        return _piped()
    raise _make_unknown_error(path)


def check_exists(path: str) -> None:
    """Raises UsageError if there is nothing at the path, which may be `-`."""
    if path != "-" and not Path(path).exists():
        from zm_cli.formats.shared.remote import make_remote_error

        raise make_remote_error(path) or UsageError("does not exist", where=path)


def _make_unknown_error(path: str) -> ZmError:
    """Returns the error of a file that no format recognizes."""
    from zm_cli.formats.shared.foreign import find_foreign, is_text

    if _is_empty(path):
        return _make_empty_error(path)
    if foreign := find_foreign(path):
        return UsageError(foreign.describe(), where=path, hint=foreign.advise(path))
    nouns = [entry.noun for entry in formats().values()]
    kinds = "|".join(formats())
    return UsageError(
        f"is not a {', '.join(nouns[:-1])} or {nouns[-1]} by its name or first bytes",
        where=path,
        hint=f"if it is a table, --kind {_piped().kind} reads it"
        if is_text(path)
        else f"say what it is with --kind {kinds}",
    )


def _piped() -> Format:
    return next(entry for entry in formats().values() if entry.reads_pipe)


def open_source(
    path: str,
    options: ReadOptions,
    kind: str | None = None,
    *,
    preferred: str | None = None,
    plan: Plan | None = None,
    tick: OpeningTick = ignore_opening,
) -> Source:
    """Returns the source at `path`, opened by its format; the workers of the plan help if there is much to read.

    Raises UsageError for an option that this format does not have, DataError for data that cannot be read, saying what
    they are if that is known.
    """
    note_input(path)
    entry = detect(path, kind, preferred=preferred)
    for name in options.to_dict():
        if name not in entry.option_names:
            *first, last = (other.kind for other in formats().values() if name in other.option_names)
            others = f"{', '.join(first)} and {last}" if first else last
            spelling = reading_options()[name].spelling
            raise UsageError(f"{spelling} is for {others}, not for {entry.kind}", where=path)
    if kind is None and entry.reads_pipe:
        # Any text can be read as a table, but its numbers may mean something else.
        _refuse_foreign(path, entry)
    try:
        return entry.open(path, options, plan, tick)
    except DataError as error:
        if _is_empty(path):
            raise _make_empty_error(path) from error
        # An error in one of its files says more than what else the folder may be.
        if not os.path.isdir(path) or error.where in (None, path):
            _refuse_foreign(path, entry)
        raise


def _refuse_foreign(path: str, entry: Format) -> None:
    """Raises DataError if the file or folder at `path` is of another kind than this format reads.

    The name of a file counts only if it is not one of this format's own: `table.csv.gz` is a table.
    """
    from zm_cli.formats.shared.foreign import find_by_content, find_foreign

    own = entry.recognize(Path(path)) is Confidence.BY_NAME
    foreign = find_by_content(path) if own else find_foreign(path)
    if foreign is not None and foreign.kind != entry.kind:
        raise DataError(foreign.describe(), where=path, hint=foreign.advise(path))


def _make_empty_error(path: str) -> NothingToMeasureError:
    return NothingToMeasureError("is empty", where=path, hint="it has no bytes: get the file again")


def _is_empty(path: str) -> bool:
    """Returns whether `path` is a file without a single byte."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and not status.st_size


def find_receipt(output: str, options: ReadOptions) -> Mapping[str, Any] | None:
    """Returns the receipt that an earlier run left with an output; the options say how the output is read.

    None if there is no receipt, OF_OTHER_DATA if the output was edited since.
    """
    try:
        return detect(output).find_receipt(output, options)
    except ZmError:
        return None


def list_beside(path: str, options: ReadOptions, kind: str | None = None) -> Mapping[str, str]:
    """Returns the other files that the options name beside the data at a path, by the options' names."""
    return detect(path, kind).list_beside(path, options)


def list_files(path: str, options: ReadOptions, kind: str | None = None) -> Iterator[tuple[str, str]]:
    """Returns all files of a source that would be read, receipts included:
    the name in the source and the path of each."""
    return detect(path, kind).list_files(path, options)
