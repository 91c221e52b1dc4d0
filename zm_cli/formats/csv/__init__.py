"""The CSV format: text with cells separated by commas, tabs or other characters, plain or compressed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zm_cli.data.format import Confidence, Format, JoinRequest
from zm_cli.data.options import ReadOptions
from zm_cli.formats.csv.options import (
    COMMENT,
    DECIMAL,
    DELIMITER,
    ENCODING,
    HEADER,
    NULL_VALUES,
    SKIP_ROWS,
)
from zm_cli.formats.shared.lazy import find_receipt_beside, list_receipt_beside
from zm_cli.formats.shared.options import (
    AMONG,
    BY,
    COLUMNS,
    DESCRIBE,
    EXCLUDE,
    EXPECTED,
    GROWTH,
    LIMIT,
    NUMERIC,
    ON_ERROR,
    SAMPLE,
    SEED,
    SHARD,
    WEIGHT,
)

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.data.survey import Survey

SUFFIXES = (".csv", ".tsv", ".tab")
COMPRESSED = ("", ".gz", ".zst")
TEXT_SUFFIXES = (".txt", ".data", ".dat", ".all-data", ".tra", ".tes", ".test", ".train")
"""Suffixes that tables and other files have; their first lines tell them apart."""
HEAD_BYTES = 1 << 12
"""Bytes at the start of a file that show whether it is a table."""


def recognize(path: Path) -> Confidence | None:
    """Returns BY_NAME if `path` has the name of a table, plain or compressed; None for folders and for other names.

    POSSIBLE for a file with one of TEXT_SUFFIXES whose first lines are even rows with a column of numbers.
    """
    name = path.name.lower()
    if name.endswith(tuple(suffix + packed for suffix in SUFFIXES for packed in COMPRESSED)):
        return None if path.is_dir() else Confidence.BY_NAME
    return Confidence.POSSIBLE if name.endswith(TEXT_SUFFIXES) and _begins_like_table(path) else None


def _begins_like_table(path: Path) -> bool:
    from zm_cli.formats.csv.trials import begins_like_table

    # A pipe may be read only once.
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return begins_like_table(file.read(HEAD_BYTES))
    except OSError:
        return False


def _open(path: str, options: ReadOptions, plan: object = None, tick: object = None) -> Source:
    from zm_cli.formats.csv.source import CsvSource

    return CsvSource(path, options)


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    yield "table", path
    yield from list_receipt_beside(path)


def _complete_columns(path: str, options: ReadOptions, begun: str) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.csv.layout import read_names

    for name in read_names(path, options):
        yield name, ""


def _survey(path: str, options: ReadOptions) -> Survey:
    from zm_cli.formats.csv.survey import survey_table

    return survey_table(path, options)


def _join(request: JoinRequest) -> Sequence[str]:
    from zm_cli.formats.csv.join import join_tables

    return join_tables(request)


FORMAT = Format(
    kind="csv",
    noun="CSV file",
    recognize=recognize,
    open=_open,
    find_receipt=find_receipt_beside,
    list_files=_list_files,
    survey=_survey,
    join=_join,
    options=(
        *(COLUMNS, EXCLUDE, AMONG, EXPECTED, NUMERIC, DELIMITER, DECIMAL, ENCODING, HEADER, SKIP_ROWS, COMMENT),
        *(NULL_VALUES, LIMIT, SAMPLE, SEED, SHARD, ON_ERROR, DESCRIBE, GROWTH, BY, WEIGHT),
    ),
    completers=dict.fromkeys(("columns", "exclude", "by", "weight"), _complete_columns),
    reads_pipe=True,
)
