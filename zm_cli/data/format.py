"""Format: a kind of dataset, as its package declares it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.data.source import Source


@dataclass(frozen=True)
class Format:
    """A kind of dataset: how to recognise it, open it, and write it back.

    `recognises` looks at a path (its name, its first bytes). `read_options` and `forms` name the options and output
    forms it understands. `create` makes the sink that writes what `source` yields to `output` (`-`: standard output);
    `check_output` raises the error that `create` would, for an output name and form that cannot be, before any work.
    `find_receipt` looks for what an earlier run left with an output, in the dataset of that name where there may be
    several; None where there is none, and for a table, or a folder with other files in it, that was edited since.
    `list_files` lists all that would be read of a source, a name in the source and a path for each file.
    """

    kind: str
    recognises: Callable[[Path], bool]
    open: Callable[[str, ReadOptions], Source]
    check_output: Callable[[Source, str, str | None], None]
    create: Callable[[Source, str, WriteOptions], Sink]
    find_receipt: Callable[[str, str | None], Mapping[str, Any] | None]
    list_files: Callable[[str, ReadOptions], Iterator[tuple[str, str]]]
    read_options: frozenset[str]
    forms: frozenset[str] = frozenset()
