"""Opens the sources that a command line names, and refuses outputs that would overwrite inputs."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from zm_cli.cli.messages import Messages
from zm_cli.cli.sources import NamedSource
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError, ZmError
from zm_cli.formats import detect, list_beside, open_source, reading_options
from zm_cli.inputs.standard_input import StandardInput, name_input
from zm_cli.running import guard
from zm_cli.running.plan import Plan
from zm_cli.statsfile.store import is_stats_file

MEMORY = "/dev/shm/"
"""The only folder below /dev/ that holds files."""


def check_outputs(inputs: Sequence[str | None], outputs: Sequence[str | None]) -> None:
    """Raises UsageError if two outputs are the same file, DataError if an output is an input, under any name."""
    taken = {identity for path in inputs if (identity := _identify(path, sys.stdin)) is not None}
    written = set()
    if list(outputs).count("-") > 1:
        raise UsageError("two outputs cannot both go to standard output", where="-o -", hint="name a file for one")
    for path in outputs:
        if path is not None and path.startswith(("/dev/", "/proc/")) and not path.startswith(MEMORY):
            raise UsageError("cannot be an output", where=path, hint="standard output is -")
        identity = _identify(path, sys.stdout)
        where = "standard output" if path == "-" else path
        if identity in taken:
            raise DataError("is an input", where=where, hint="name another output")
        if identity in written:
            raise UsageError("is an output already", where=where, hint="name another output")
        if identity is not None:
            written.add(identity)


def list_inputs(named: Sequence[NamedSource], options: ReadOptions, kind: str | None) -> list[str]:
    """Returns the paths of everything that is read: the sources, and the files that options name beside them.

    Sources that cannot be read are reported when they are opened.
    """
    paths = [path for source in named for path in source.list_paths()]
    for source in named:
        with suppress(ZmError, OSError):
            paths += list_beside(source.path, options, kind).values()
    return paths


def refuse_existing(outputs: Sequence[str | None]) -> None:
    """Raises DataError for the first output that exists, under any name; for `--no-clobber`."""
    for path in outputs:
        if path not in (None, "-") and os.path.lexists(path):
            raise DataError("exists", where=path, hint="name another output, or leave out --no-clobber")


def check_not_inside(folder: str, output: str) -> None:
    """Raises DataError if an output or a checkpoint would be written into the folder that is read."""
    if output == "-" or not os.path.isdir(folder):
        return
    if Path(os.path.realpath(output)).is_relative_to(os.path.realpath(folder)):
        raise DataError(
            f"lies in the folder that is read ({folder})",
            where=output,
            hint="name an output outside that folder, or it would be read as data next time",
        )


def _identify(path: str | None, stream: IO[str]) -> tuple[int, int] | str | None:
    """Returns the identity of a file that is named, or redirected to a standard stream; None if it is not a file."""
    if path is None:
        return None
    try:
        status = os.fstat(stream.fileno()) if path == "-" else os.stat(path)
    except (OSError, ValueError):
        return None if path == "-" else os.path.normcase(os.path.realpath(path))
    return None if stat.S_ISCHR(status.st_mode) or stat.S_ISFIFO(status.st_mode) else (status.st_dev, status.st_ino)


@contextmanager
def open_sources(
    named: Sequence[NamedSource], options: ReadOptions, kind: str | None, plan: Plan, messages: Messages
) -> Iterator[list[Source]]:
    """Opens the named sources, and closes them at the end. Raises UsageError if they are not all of one kind.

    The workers of the plan read what is needed to open them, with a progress bar.
    """
    for source in named:
        if is_stats_file(source.path):
            several = "zm merge merges stats files, " if len(named) > 1 else ""
            hint = f"{several}zm inspect shows it, --stats applies it"
            raise UsageError("is a stats file, not data", where=source.path, hint=hint)
    found = {source.path: detect(source.path, kind).kind for source in named}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{path} ({what})" for path, what in found.items())
        raise UsageError(f"only sources of one kind can be pooled: {listed}")
    if len(named) > 1:
        _refuse_files_beside(named, options, kind)
    with ExitStack() as stack:
        sources = []
        for source in named:
            path = source.path
            with messages.opening_bar() as tick:
                opened_source = open_source(path, options.replace(files=source.files), kind, plan=plan, tick=tick)
            stack.callback(opened_source.close)
            sources.append(opened_source)
        yield sources


def _refuse_files_beside(named: Sequence[NamedSource], options: ReadOptions, kind: str | None) -> None:
    """Raises UsageError if an option names a file beside the data and there are several sources."""
    for source in named:
        for name, file in list_beside(source.path, options, kind).items():
            raise UsageError(
                f"{reading_options()[name].spelling} {file} belongs to one source, but {len(named):,} are given",
                hint="measure each with its own, and join the results with zm merge",
            )


@contextmanager
def keep_input(path: str, kind: str | None) -> Iterator[str]:
    """Yields a path that can be read twice: that of a temporary copy for a table in a pipe, else `path` itself.

    Errors raised inside name the pipe, not the copy.
    """
    if path != "-" and not (_is_pipe(path) and detect(path, kind).reads_pipe):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="zm-") as folder, ExitStack() as stack:
        guard.note_unfinished(folder)
        stack.callback(guard.forget_unfinished, folder)
        kept = Path(folder) / f"input.{detect(path, kind).kind}"
        with kept.open("wb") as file:
            pipe = StandardInput() if path == "-" else open(path, "rb", buffering=0)  # noqa: SIM115
            shutil.copyfileobj(stack.enter_context(pipe), file)
        try:
            yield str(kept)
        except ZmError as error:
            where = error.where.replace(str(kept), name_input(path)) if error.where else None
            hint = error.hint.replace(str(kept), "FILE") if error.hint else None
            raise type(error)(error.what, where=where, hint=hint) from error


def _is_pipe(path: str) -> bool:
    try:
        return not (stat.S_ISREG(mode := os.stat(path).st_mode) or stat.S_ISDIR(mode))
    except OSError:
        return False
