"""From the options of the command line to opened sources: what every command that reads data has in common."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Literal

from zm_cli.cli.groups import Reading, Running
from zm_cli.cli.parsing import parse_names, parse_pixels, parse_resize, parse_size
from zm_cli.cli.report import Report
from zm_cli.cli.sources import Named
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError, ZmError
from zm_cli.formats import detect, open_source
from zm_cli.inputs.standard_input import StandardInput, name_input
from zm_cli.running import guard
from zm_cli.running.plan import Plan
from zm_cli.statsfile.store import is_stats_file

MEMORY = "/dev/shm/"
"""The one folder among the devices that holds files."""


def read_options(reading: Reading, on_error: Literal["fail", "skip"] | None) -> ReadOptions:
    """The ReadOptions that the command line asks for; UsageError where a text has no sense."""
    return ReadOptions(
        mode=None if reading.mode == "auto" else reading.mode,
        resize=parse_resize(reading.resize),
        exif=reading.exif,
        dataset=reading.dataset,
        layout=reading.layout,
        allow_external=reading.allow_external or None,
        columns=parse_names(reading.columns, "--columns"),
        include=parse_names(reading.include, "--include"),
        exclude=parse_names(reading.exclude, "--exclude"),
        limit=reading.limit,
        delimiter=reading.delimiter,
        encoding=reading.encoding,
        header=False if reading.no_header else None,
        null_values=tuple(reading.null_value) if reading.null_value else None,
        on_error=on_error,
        max_pixels=parse_pixels(reading.max_pixels),
    )


def read_tolerantly(reading: Reading, named: Named) -> ReadOptions:
    """The ReadOptions of who only looks: images that cannot be read are left out and told."""
    # Tables and arrays have no samples that could be left out.
    return read_options(reading, "skip" if detect(named.path, reading.kind).kind == "images" else None)


def make_plan(running: Running) -> Plan:
    """How to run, as the options say."""
    return Plan(running.workers or 0, parse_size(running.memory))


def make_report(running: Running) -> Report:
    """How much to say, as the options say."""
    return Report(running.quiet, running.verbose, running.progress)


def check_outputs(inputs: Sequence[str | None], outputs: Sequence[str | None]) -> None:
    """Raises UsageError where two outputs are one, DataError where an output is an input, by whatever name."""
    taken = {identity for path in inputs if (identity := _identify(path, sys.stdin)) is not None}
    written = set()
    if list(outputs).count("-") > 1:
        raise UsageError("two outputs cannot both go to standard output", where="-o -", hint="name a file for one")
    for path in outputs:
        if path is not None and path.startswith(("/dev/", "/proc/")) and not path.startswith(MEMORY):
            raise UsageError("is no place for a file", where=path, hint="standard output is -")
        identity = _identify(path, sys.stdout)
        where = "standard output" if path == "-" else path
        if identity in taken:
            raise DataError("is an input", where=where, hint="name another output")
        if identity in written:
            raise UsageError("is an output already", where=where, hint="name another output")
        if identity is not None:
            written.add(identity)


def check_not_inside(folder: str, output: str) -> None:
    """Raises DataError where a dataset would be written into the folder that it is read from."""
    if os.path.isdir(folder) and output != "-":
        inside, outside = os.path.realpath(output), os.path.realpath(folder)
        if os.path.commonpath([inside, outside]) == outside:
            raise DataError(
                f"lies in the folder that is read ({folder})",
                where=output,
                hint="name a place outside, or it would be read along next time",
            )


def _identify(path: str | None, stream: IO[str]) -> tuple[int, int] | str | None:
    """What tells one file from another, be it named or redirected to a standard stream; None for what is no file."""
    if path is None:
        return None
    try:
        status = os.fstat(stream.fileno()) if path == "-" else os.stat(path)
    except (OSError, ValueError):
        return None if path == "-" else os.path.realpath(path)
    return None if stat.S_ISCHR(status.st_mode) or stat.S_ISFIFO(status.st_mode) else (status.st_dev, status.st_ino)


@contextmanager
def opened(named: Sequence[Named], options: ReadOptions, kind: str | None) -> Iterator[list[Source]]:
    """The sources that were named, all of one kind and none twice; closed at the end."""
    paths = [source.path for source in named]
    found = {path: detect(path, kind).kind for path in paths}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{path} ({what})" for path, what in found.items())
        raise UsageError(f"only sources of one kind can be pooled: {listed}")
    with ExitStack() as stack:
        sources = []
        for source in named:
            path = source.path
            if found[path] == "hdf5" and is_stats_file(path):
                raise UsageError(
                    "is a stats file, not data", where=path, hint="zm inspect shows it, --stats applies it"
                )
            opened_source = open_source(path, replace(options, files=source.files), kind)
            stack.callback(opened_source.close)
            sources.append(opened_source)
        yield sources


@contextmanager
def kept_input(path: str, kind: str | None) -> Iterator[str]:
    """A path that can be read twice: a table in a pipe is kept in a temporary file, every other path stays as it is.

    Errors name the pipe, not the temporary file.
    """
    if path != "-" and not (_is_pipe(path) and detect(path, kind).kind == "csv"):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="zm-") as folder, ExitStack() as stack:
        guard.note_half_done(folder)
        stack.callback(guard.forget, folder)
        kept = Path(folder) / "input.csv"
        with kept.open("wb") as file:
            pipe = StandardInput() if path == "-" else open(path, "rb", buffering=0)  # noqa: SIM115
            shutil.copyfileobj(stack.enter_context(pipe), file)
        try:
            yield str(kept)
        except ZmError as error:
            where = error.where.replace(str(kept), name_input(path)) if error.where else None
            raise type(error)(error.what, where=where, hint=error.hint) from error


def _is_pipe(path: str) -> bool:
    try:
        return not (stat.S_ISREG(mode := os.stat(path).st_mode) or stat.S_ISDIR(mode))
    except OSError:
        return False
