"""`--if-changed`: finds out whether the output was already made from the same inputs, options and version."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import zm_cli
from zm_cli.cli.parsing.parameters import Given, Reading
from zm_cli.cli.sources import NamedSource
from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError, ZmError
from zm_cli.formats import find_receipt, list_files
from zm_cli.outputs.provenance import Provenance, digest_inputs, parse_provenance, shorten_options
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.store import load_stats

NOT_THERE = "it does not exist"


def record_provenance(
    command: str, named: Sequence[NamedSource], reading: Reading, given: Given, stats_file: str | None = None
) -> Provenance:
    """Returns the provenance of the output that `command` makes from the named sources with the given options.

    Reads all input files. Raises UsageError for standard input, which cannot be read twice.
    """
    if stats_file == "-":
        raise _refuse_standard_input()
    files: list[Iterable[tuple[str, str]]] = [
        list_files(source.path, reading.options.replace(files=source.files), reading.kind) for source in named
    ]
    if stats_file is not None:
        files.append([("statistics", stats_file)])
    return _record(command, [source.path for source in named], given, files)


def record_merge(paths: Sequence[str], given: Given) -> Provenance:
    """Returns the provenance of the stats file that `zm merge` makes of those at `paths` with the given options.

    Reads all of them. Raises UsageError for standard input, which cannot be read twice.
    """
    return _record("merge", paths, given, [((path, path) for path in paths)])


def require_file_output(output: str | None) -> str:
    """Returns the output if it is a file, which an earlier run may have made; else raises UsageError."""
    if output is None or output == "-":
        raise UsageError("needs an output file", where="--if-changed", hint="name a file with -o")
    return output


def find_change(output: str, provenance: Provenance) -> str | None:
    """Returns why the stats file at `output` has to be made again; None if it is up to date."""
    if not Path(output).exists():
        return NOT_THERE
    try:
        return _compare(load_stats(output).provenance, provenance)
    except ZmError:
        return "it cannot be read"


def find_change_of_dataset(
    output: str, save_stats: str | None, provenance: Provenance, options: ReadOptions
) -> str | None:
    """Returns why the dataset at `output`, with its statistics at `save_stats`, has to be made again.

    None if both are up to date.
    """
    if not Path(output).exists():
        return NOT_THERE
    receipt = find_receipt(output, options) or {}
    difference = _compare(parse_provenance(receipt.get("provenance")), provenance)
    if difference is None and save_stats is not None:
        if not Path(save_stats).exists():
            return f"{save_stats} does not exist"
        try:
            if digest_stats(load_stats(save_stats)) != receipt.get("stats"):
                return f"{save_stats} was not written with it"
        except ZmError:
            return f"{save_stats} cannot be read"
    return difference


def _record(command: str, paths: Sequence[str], given: Given, files: Iterable[Iterable[tuple[str, str]]]) -> Provenance:
    """Returns the provenance of what `command` makes of `paths`; UsageError for standard input.

    `files` are all that are read, as `digest_inputs` takes them.
    """
    if "-" in paths:
        raise _refuse_standard_input()
    words = ["zm", command, *paths, *given.spell(only_deciding=True)]
    return Provenance(zm_cli.__version__, shorten_options(shlex.join(words)), digest_inputs(files))


def _refuse_standard_input() -> UsageError:
    """Returns the error for standard input, which cannot be read twice."""
    return UsageError("cannot tell whether standard input has changed", where="--if-changed", hint="name a file")


def _compare(found: Provenance | None, provenance: Provenance) -> str | None:
    if found is None:
        return "it does not record what it was made from"
    difference = found.find_difference(provenance)
    return None if difference is None else f"different {difference}"
