"""Which sources a command line names: paths, and lists of paths (`@list.txt`, `--files-from -`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect
from zm_cli.inputs.standard_input import StandardInput, name_input


@dataclass(frozen=True)
class Named:
    """A source that was named: its path, and where it is a list of files in that folder, their relative paths."""

    path: str
    files: tuple[str, ...] | None = None

    def list_places(self) -> list[str]:
        """The paths that are read."""
        return [self.path] if self.files is None else [os.path.join(self.path, file) for file in self.files]


def name_source(given: str | None, files_from: str | None, kind: str | None) -> Named:
    """The one source that a command line names; UsageError where it names none or several."""
    named = name_sources([given] if given is not None else [], files_from, kind)
    if len(named) > 1:
        raise UsageError(
            f"one source at a time, here are {len(named)}: {named[0].path}, {named[1].path}",
            hint="zm stats pools several; write them one by one with its --stats",
        )
    return named[0]


def name_sources(given: Sequence[str], files_from: str | None, kind: str | None) -> list[Named]:
    """The sources that a command line names, lists read and their image files taken together as one source.

    Raises UsageError where there are none, and for a list that is not there or empty; DataError for one that cannot be
    read.
    """
    if not given and files_from is None:
        raise UsageError("no SOURCE is named", hint="name a folder, a file, - or --files-from")
    check_input_once(*given, *find_lists(given, files_from))
    named: list[Named] = []
    for text in given:
        named += _take_together(_read_list(text[1:]), kind) if _is_list(text) else [Named(text)]
    if files_from is not None:
        named += _take_together(_read_list(files_from), kind)
    _check_once(named)
    return named


def find_lists(given: Sequence[str], files_from: str | None) -> list[str]:
    """The lists of paths that a command line names."""
    return [text[1:] for text in given if _is_list(text)] + ([] if files_from is None else [files_from])


def check_input_once(*paths: str | None) -> None:
    """Raises UsageError where more than one of the paths is standard input."""
    if paths.count("-") > 1:
        raise UsageError("is asked for twice", where=name_input("-"), hint="it can be read only once")


def _check_once(named: Sequence[Named]) -> None:
    """Raises UsageError for a file or folder that is named twice, be it by itself or in a list or a folder."""
    seen: set[str] = set()
    folders: set[str] = set()
    for source in named:
        if source.files is None:
            place = os.path.realpath(source.path)
            _note(place, source.path, seen)
            if os.path.isdir(place):
                folders.add(place)
        else:
            folder = os.path.realpath(source.path)
            for file in source.files:
                _note(os.path.join(folder, file), os.path.join(source.path, file), seen)
    for place in seen if folders else ():
        if not folders.isdisjoint(map(str, Path(place).parents)):
            raise _given_twice(place)


def _note(place: str, path: str, seen: set[str]) -> None:
    if place in seen:
        raise _given_twice(path)
    seen.add(place)


def _given_twice(path: str) -> UsageError:
    return UsageError("is given twice", where=path, hint="each sample is to count once")


def _is_list(text: str) -> bool:
    return text.startswith("@") and len(text) > 1


def _read_list(path: str) -> list[str]:
    """The paths in a list: one a line, or between zero bytes as `find -print0` writes them."""
    where = name_input(path)
    try:
        data = StandardInput().read_to_end(sys.maxsize) if path == "-" else Path(path).read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UsageError("there is no such list of files", where=where, hint="it has one path a line") from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=where) from error
    lines = data.split(b"\0") if b"\0" in data else data.splitlines()
    paths = [os.fsdecode(line) for line in lines if line]
    if not paths:
        raise UsageError("lists no file", where=where, hint="it has one path a line")
    return paths


def _take_together(paths: Sequence[str], kind: str | None) -> Iterator[Named]:
    """The listed paths as sources: image files that follow one another as one, all else one by one."""
    kinds: dict[str, bool] = {}

    def is_picture(path: str) -> bool:
        if os.path.isdir(path):
            return False
        # Files of one suffix are of one kind; without one, each is looked into.
        suffix = os.path.splitext(path)[1].lower()
        if not suffix:
            return detect(path, kind).kind == "images"
        if suffix not in kinds:
            kinds[suffix] = detect(path, kind).kind == "images"
        return kinds[suffix]

    for together, run in groupby(paths, is_picture):
        files = list(run)
        yield from [_find_folder(files)] if together else map(Named, files)


def _settle(file: str) -> str:
    """The path without detours; one that goes up is followed, because links decide what is above."""
    if os.pardir in file.split(os.sep):
        return os.path.join(os.path.realpath(os.path.dirname(file)), os.path.basename(file))
    return os.path.normpath(file)


def _find_folder(files: Sequence[str]) -> Named:
    """The folder that files have in common, with their paths in it."""
    plain = [_settle(file) for file in files]
    if len({os.path.isabs(file) for file in plain}) > 1:
        plain = [os.path.abspath(file) for file in plain]
    folder = os.path.commonpath([os.path.dirname(file) for file in plain])
    start = len(os.path.join(folder, ""))
    return Named(folder or ".", tuple(file[start:] for file in plain))
