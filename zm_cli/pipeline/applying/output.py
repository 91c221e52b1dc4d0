"""Checks, before any work, that a source can be written to an output, and creates the sink."""

from __future__ import annotations

from pathlib import Path

from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats import formats
from zm_cli.outputs.draft import check_folder


def check_output(source: Source, output: str, format: str | None) -> None:
    """Raises UsageError if `source` cannot be written to `output` in that format, DataError if its samples cannot."""
    entry = formats()[source.spec.kind]
    if format is not None and format not in entry.output_formats:
        choices = ", ".join(sorted(entry.output_formats))
        hint = f"{entry.kind} is written as {choices}" if choices else "leave it out"
        raise UsageError(f"'{format}' is not an output format of {entry.kind}", where="--format", hint=hint)
    if output != "-":
        check_folder(Path(output))
    source.check_output(output, format)


def create_sink(source: Source, output: str, options: WriteOptions) -> Sink:
    """Returns the sink that writes the blocks of `source` to `output`, in its own format; raises as `check_output`."""
    check_output(source, output, options.format)
    return source.create_sink(output, options)
