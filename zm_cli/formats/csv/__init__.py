"""The CSV format: comma, tab or otherwise separated text, plain or compressed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zm_cli.data.format import Confidence, Format
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
from zm_cli.formats.shared.options import (
    AMONG,
    COLUMNS,
    DESCRIBE,
    EXCLUDE,
    EXPECTED,
    LIMIT,
    NUMERIC,
    ON_ERROR,
    SAMPLE,
    SEED,
)

if TYPE_CHECKING:
    from zm_cli.data.source import Source
    from zm_cli.data.survey import Survey

SUFFIXES = (".csv", ".tsv", ".tab")
COMPRESSED = ("", ".gz", ".zst")


def recognize(path: Path) -> Confidence | None:
    """Returns BY_NAME if `path` has the name of a table, plain or compressed; None for other names and for folders."""
    name = path.name.lower()
    named = name.endswith(tuple(suffix + packed for suffix in SUFFIXES for packed in COMPRESSED))
    return Confidence.BY_NAME if named and not path.is_dir() else None


def _open(path: str, options: ReadOptions) -> Source:
    from zm_cli.formats.csv.source import CsvSource

    return CsvSource(path, options)


def _find_receipt(output: str, options: ReadOptions) -> Mapping[str, Any] | None:
    from zm_cli.formats.shared.receipt_beside import read_receipt

    return read_receipt(output)


def _list_files(path: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.shared.receipt_beside import receipt_path

    yield "table", path
    if (receipt := receipt_path(path)).exists():
        yield "receipt", str(receipt)


def _complete_columns(path: str, options: ReadOptions, begun: str) -> Iterator[tuple[str, str]]:
    from zm_cli.formats.csv.layout import read_names

    for name in read_names(path, options):
        yield name, ""


def _survey(path: str, options: ReadOptions) -> Survey:
    from zm_cli.formats.csv.survey import survey_table

    return survey_table(path, options)


FORMAT = Format(
    kind="csv",
    noun="CSV file",
    recognize=recognize,
    open=_open,
    find_receipt=_find_receipt,
    list_files=_list_files,
    survey=_survey,
    options=(
        *(COLUMNS, EXCLUDE, AMONG, EXPECTED, NUMERIC, DELIMITER, DECIMAL, ENCODING, HEADER, SKIP_ROWS, COMMENT),
        *(NULL_VALUES, LIMIT, SAMPLE, SEED, ON_ERROR, DESCRIBE),
    ),
    completers={"columns": _complete_columns, "exclude": _complete_columns},
    reads_pipe=True,
)
