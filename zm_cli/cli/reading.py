"""From the options of the command line to opened sources: what every command that reads data has in common."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from zm_cli.block import ReadOptions, Source
from zm_cli.cli.options import parse_names, parse_resize, parse_size
from zm_cli.errors import UsageError
from zm_cli.formats import detect, open_source
from zm_cli.runner import Plan


def read_options(
    *,
    mode: str | None,
    resize: str | None,
    exif: bool | None,
    dataset: str | None,
    layout: str | None,
    columns: list[str] | None,
    exclude: list[str] | None,
    delimiter: str | None,
    no_header: bool,
    null_value: list[str] | None,
    on_error: Any = None,
) -> ReadOptions:
    """The ReadOptions that the command line asks for; UsageError where a text has no sense."""
    return ReadOptions(
        mode=None if mode == "auto" else mode,
        resize=parse_resize(resize),
        exif=exif,
        dataset=dataset,
        layout=layout,
        columns=parse_names(columns),
        exclude=parse_names(exclude),
        delimiter=delimiter,
        header=False if no_header else None,
        null_values=tuple(null_value) if null_value else None,
        on_error=on_error,
    )


def make_plan(workers: int | None, memory: str) -> Plan:
    """How to run, as the options say."""
    return Plan(workers or 0, parse_size(memory))


def check_outputs(inputs: Sequence[str | None], outputs: Sequence[str | None]) -> None:
    """Raises UsageError where an output is an input, by whatever name, or two outputs are one."""
    named = [output for output in outputs if output not in (None, "-")]
    for place, output in enumerate(named):
        assert output is not None
        for other in [*inputs, *named[:place]]:
            same = other is not None and os.path.exists(other) and os.path.exists(output)
            if other == output or (same and os.path.samefile(str(other), output)):
                what = "an output already" if other in named[:place] else "an input"
                raise UsageError(f"is {what}", where=output, hint="name another output")


@contextmanager
def opened(paths: Sequence[str], options: ReadOptions, kind: str | None) -> Iterator[list[Source]]:
    """The sources at the paths, all of one kind; closed at the end."""
    found = {path: detect(path, kind).kind for path in paths}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{path} ({what})" for path, what in found.items())
        raise UsageError(f"only sources of one kind can be pooled: {listed}")
    with ExitStack() as stack:
        sources = []
        for path in paths:
            source = open_source(path, options, kind)
            stack.callback(source.close)
            sources.append(source)
        yield sources


@contextmanager
def kept_input(path: str) -> Iterator[str]:
    """A path that can be read twice: standard input is kept in a temporary file, every other path stays as it is."""
    if path != "-":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="zm-") as folder:
        kept = Path(folder) / "standard-input.csv"
        with kept.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield str(kept)
