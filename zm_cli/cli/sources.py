"""Finds the sources that a command line names: paths, and lists of paths (`@list.txt`, `--files-from -`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect, formats
from zm_cli.formats.shared.options import FILES
from zm_cli.inputs.standard_input import StandardInput, name_input
from zm_cli.system import common_folder


@dataclass(frozen=True)
class NamedSource:
    """A source named on the command line: its path; for listed files, their folder and their relative paths in it."""

    path: str
    files: tuple[str, ...] | None = None

    def list_paths(self) -> list[str]:
        """Returns the paths to read."""
        return [self.path] if self.files is None else [os.path.join(self.path, file) for file in self.files]


def name_source(given: str | None, files_from: str | None, kind: str | None) -> NamedSource:
    """Returns the one source that a command line names; UsageError if it names none or several."""
    named = name_sources([given] if given is not None else [], files_from, kind)
    if len(named) > 1:
        raise UsageError(
            f"takes one source, not {len(named)}: {named[0].path}, {named[1].path}",
            hint="pool them with zm stats, then write them one by one with --stats",
        )
    return named[0]


def name_sources(given: Sequence[str], files_from: str | None, kind: str | None) -> list[NamedSource]:
    """Returns the sources that a command line names. Listed files become one source if their format takes lists.

    Raises UsageError if there are no sources, or a list does not exist or is empty; DataError if a list cannot be read.
    """
    if not given and files_from is None:
        raise UsageError("no SOURCE is named", hint="name a folder, a file, - or --files-from")
    check_input_once(*given, *find_lists(given, files_from))
    named: list[NamedSource] = []
    for text in given:
        named += _take_together(_read_list(text[1:]), kind) if _is_list(text) else [NamedSource(text)]
    if files_from is not None:
        named += _take_together(_read_list(files_from), kind)
    _check_once(named)
    return named


def list_named_files(given: Sequence[str], files_from: str | None, what: str) -> list[str]:
    """Returns the files that a command line names, including those in its lists, each of which is read by itself.

    `what` they are is said in errors. Raises UsageError if none is named, if one is named twice, or if a list does not
    exist or is empty; DataError if a list cannot be read.
    """
    if not given and files_from is None:
        raise UsageError(f"no {what} is named", hint="name files, or a list of them with --files-from")
    check_input_once(*given, *find_lists(given, files_from))
    paths: list[str] = []
    for text in given:
        paths += _read_list(text[1:]) if _is_list(text) else [text]
    if files_from is not None:
        paths += _read_list(files_from)
    check_input_once(*paths)
    seen: set[tuple[int, int]] = set()
    for path in paths:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            # A missing file is reported when it is read.
            continue
        identity = status.st_dev, status.st_ino
        if path != "-" and identity in seen:
            raise _given_twice(path)
        seen.add(identity)
    return paths


def find_lists(given: Sequence[str], files_from: str | None) -> list[str]:
    """Returns the lists of paths that a command line names."""
    return [text[1:] for text in given if _is_list(text)] + ([] if files_from is None else [files_from])


def check_input_once(*paths: str | None) -> None:
    """Raises UsageError if more than one of the paths is standard input."""
    if paths.count("-") > 1:
        raise UsageError("is used twice", where=name_input("-"), hint="it can be read only once")


def _check_once(named: Sequence[NamedSource]) -> None:
    """Raises UsageError for a file or folder that is named twice: directly, in a list, or as part of a folder."""
    seen: set[str] = set()
    folders: set[str] = set()
    for source in named:
        if source.files is None:
            real = os.path.normcase(os.path.realpath(source.path))
            _note(real, source.path, seen)
            if os.path.isdir(real):
                folders.add(real)
        else:
            folder = os.path.realpath(source.path)
            for file in source.files:
                _note(os.path.normcase(os.path.join(folder, file)), os.path.join(source.path, file), seen)
    for real in seen if folders else ():
        if not folders.isdisjoint(map(str, Path(real).parents)):
            raise _given_twice(real)


def _note(real: str, path: str, seen: set[str]) -> None:
    if real in seen:
        raise _given_twice(path)
    seen.add(real)


def _given_twice(path: str) -> UsageError:
    return UsageError("is given twice", where=path, hint="each sample must count once")


def _is_list(text: str) -> bool:
    return text.startswith("@") and len(text) > 1


def _read_list(path: str) -> list[str]:
    """Returns the paths in a list: one per line, or separated by NUL bytes as `find -print0` writes them."""
    where = name_input(path)
    try:
        data = StandardInput().read_to_end(sys.maxsize) if path == "-" else Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError("there is no such list of files", where=where, hint="a list has one path per line") from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=where) from error
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    paths = [os.fsdecode(line) for line in lines if line]
    if not paths:
        raise UsageError("lists no files", where=where, hint="a list has one path per line")
    return paths


def _take_together(paths: Sequence[str], kind: str | None) -> Iterator[NamedSource]:
    """Yields the listed paths as sources.

    Consecutive files are one source if their format takes lists of files; every other path is a source of its own.
    """
    known: dict[str, bool] = {}

    def is_sample(path: str) -> bool:
        if os.path.isdir(path):
            return False
        # Files with the same suffix are taken to be of one kind. Without a suffix, each is recognized by its content.
        suffix = os.path.splitext(path)[1].lower()
        if not suffix:
            return _takes_lists(path, kind)
        if suffix not in known:
            known[suffix] = _takes_lists(path, kind)
        return known[suffix]

    for together, group in groupby(paths, is_sample):
        files = list(group)
        yield from [_find_folder(files)] if together else map(NamedSource, files)


def _takes_lists(path: str, kind: str | None) -> bool:
    """Returns whether the format of a file takes lists of files."""
    listed = [entry.kind for entry in formats().values() if FILES.name in entry.option_names]
    return any(detect(path, kind, preferred=wanted).kind == wanted for wanted in listed)


def _normalize(file: str) -> str:
    """Returns the normalized path. One with `..` is resolved on disk, because its parent depends on symbolic links."""
    if os.pardir in Path(file).parts:
        return os.path.join(os.path.realpath(os.path.dirname(file)), os.path.basename(file))
    return os.path.normpath(file)


def _find_folder(files: Sequence[str]) -> NamedSource:
    """Returns the folder that contains all the files, with their relative paths in it."""
    plain = [_normalize(file) for file in files]
    if len({os.path.isabs(file) for file in plain}) > 1:
        plain = [os.path.abspath(file) for file in plain]
    folder = common_folder([os.path.dirname(file) for file in plain])
    if not folder and os.path.isabs(plain[0]):
        where = f"{plain[0]} and other files"
        raise UsageError("are on different drives", where=where, hint="make one list for each drive")
    start = len(os.path.join(folder, ""))
    return NamedSource(folder or ".", tuple(file[start:].replace(os.sep, "/") for file in plain))
