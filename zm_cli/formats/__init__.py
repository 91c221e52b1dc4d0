"""The registry: finds the formats in this package, detects a path's kind, and opens it with options that fit."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from zm_cli.data.format import Format
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import UsageError, ZmError
from zm_cli.outputs.draft import check_folder
from zm_cli.running.guard import note_input

OPTION_NAMES: Mapping[str, str] = {
    "allow_external": "--allow-external",
    "exif": "--exif/--no-exif",
    "header": "--no-header",
    "max_pixels": "--max-pixels",
    "null_values": "--null-value",
    "on_error": "--on-error",
}
"""How an option of ReadOptions is spelled on the command line, where that is not just `--name`."""


PIPED = "csv"
"""The kind of what comes through a pipe, which no name tells."""
DESCRIPTORS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""Names of what is open already."""


@cache
def formats() -> Mapping[str, Format]:
    """Every format by its kind: each module or package here that has a FORMAT."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        entry = getattr(importlib.import_module(f"{__name__}.{module.name}"), "FORMAT", None)
        if isinstance(entry, Format):
            found[entry.kind] = entry
    return found


def detect(path: str, kind: str | None = None) -> Format:
    """The format of what lies at `path`, or the one named `kind`; UsageError where neither says."""
    known = formats()
    if kind is not None:
        if kind not in known:
            raise UsageError(f"there is no kind '{kind}'", where="--kind", hint=f"choose from {', '.join(known)}")
        if path == "-" and kind != PIPED:
            raise UsageError(
                f"only {PIPED} is read from a pipe", where="standard input", hint="save it to a file first"
            )
        return known[kind]
    if path == "-":
        return known[PIPED]
    place = Path(path)
    if not place.exists():
        raise UsageError("does not exist", where=path)
    for entry in known.values():
        if entry.recognises(place):
            return entry
    if path.startswith(DESCRIPTORS) or not (place.is_file() or place.is_dir()):
        return known[PIPED]
    raise UsageError(
        "is no folder of images, image, CSV or HDF5 file by its name or first bytes",
        where=path,
        hint=f"say what it is with --kind {'|'.join(known)}",
    )


def open_source(path: str, options: ReadOptions, kind: str | None = None) -> Source:
    """The source at `path`, opened as its format reads it; UsageError for an option that this format does not have."""
    note_input(path)
    entry = detect(path, kind)
    for option in fields(options):
        if getattr(options, option.name) is not None and option.name not in entry.read_options:
            spelled = OPTION_NAMES.get(option.name, f"--{option.name}")
            others = [other.kind for other in formats().values() if option.name in other.read_options]
            raise UsageError(f"{spelled} is for {' and '.join(others)}, not for {entry.kind}", where=path)
    return entry.open(path, options)


def find_receipt(output: str, dataset: str | None) -> Mapping[str, Any] | None:
    """What an earlier run left with an output, None where it left nothing, or where it can be seen to be edited."""
    try:
        return detect(output).find_receipt(output, dataset)
    except ZmError:
        return None


def list_files(path: str, options: ReadOptions, kind: str | None = None) -> Iterator[tuple[str, str]]:
    """All files that would be read of a source, receipts included: the name in the source and the path of each."""
    return detect(path, kind).list_files(path, options)


def check_output(source: Source, output: str, form: str | None) -> None:
    """Raises UsageError where `source` cannot be written to `output` in that form, DataError where samples forbid."""
    entry = formats()[source.spec.kind]
    if form is not None and form not in entry.forms:
        can = f"{entry.kind} is written as {', '.join(sorted(entry.forms))}" if entry.forms else "leave it away"
        raise UsageError(f"'{form}' is no output form of {entry.kind}", where="--format", hint=can)
    if output != "-":
        check_folder(Path(output))
    entry.check_output(source, output, form)


def create_sink(source: Source, output: str, options: WriteOptions) -> Sink:
    """The sink that writes what `source` yields to `output`, in the format of the source."""
    check_output(source, output, options.form)
    return formats()[source.spec.kind].create(source, output, options)
