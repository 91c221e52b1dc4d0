"""Fuzzes CSV files: damages cells, quotes, encodings and compression, and checks zm against Python's csv module."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from fuzz.harness import Ending
from fuzz.mutations import damage
from fuzz.target import Target

TOKENS = (
    *(b",", b";", b"\t", b"|", b'"', b'""', b'"\n', b'","', b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b" "),
    *(b"\xff", b"\xe9", b"NA", b"-", b".", b"1e999", b"-0.0", b"1_000", b"0x1F", b'"1,234"', b"9007199254740993"),
    *(b"true", b"inf", b"+5", b"5.", b"=A1", b"@x", b"\x1b[2J", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3\xa9"),
    *("١٢".encode(), b"1" * 400),
)
MISSING = frozenset(
    {"", "NA", "N/A", "n/a", "N.A.", "na", "#N/A", "#N/A N/A", "#NA", "<NA>", "<na>", "nil", "\\N", "NaN", "NAN", "nan"}
    | {"-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "null", "NULL", "Null", "(null)", "None", "none"}
    | {"NONE", "missing", "Missing", "MISSING", "?", "??", ".", "..", "-", "--"}
    | {"#VALUE!", "#DIV/0!", "#REF!", "#NAME?", "#NUM!", "#NULL!"}
)
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|infinity)|[-+]?nan", re.ASCII | re.IGNORECASE)
MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CODE = re.compile(" *0[0-9]+ *")
FIRST_VALUES = 32
"""Values of a column that show whether it holds integers."""
LONE = "\uf8f0"
"""Replaces a return or newline that does not end a record, which the csv module would refuse."""
EXACT = 1e-12
"""The relative error that is allowed."""
EPSILON = 2.0**-50


@dataclass(frozen=True)
class Table:
    """A table as the csv module reads it, with the names that zm gives to columns."""

    names: list[str]
    rows: list[list[str]]


def make_seeds(folder: Path) -> None:
    """Writes ten small tables: plain, quoted, with every line end, compressed, in UTF-16, wide, of one column."""
    generator = np.random.default_rng(7)
    rows = [
        [
            f"r{index}",
            f"{generator.normal(5, 2):.4f}",
            str(generator.integers(1000)),
            "é, ü"[: index % 5],
            repr(index / 7),
        ]
        for index in range(12)
    ]
    rows[4][1], rows[7][2] = "NA", ""

    def join(delimiter: str, end: str, *, always: bool = False) -> str:
        text = io.StringIO()
        writer = csv.writer(
            text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL if always else csv.QUOTE_MINIMAL
        )
        writer.writerows([["id", "x", "count", "note", "share"], *rows])
        return text.getvalue()

    wide = "\n".join(",".join(f"{prefix}{column}" for column in range(60)) for prefix in ("c", "1", "2.", "3"))
    for name, data in {
        "plain.csv": join(",", "\n").encode(),
        "quoted.csv": join(",", "\n", always=True).encode(),
        "windows.csv": b"\xef\xbb\xbf" + join(";", "\r\n").encode(),
        "returns.csv": join(",", "\r").encode(),
        "tabs.tsv": join("\t", "\n").encode(),
        "packed.csv.gz": gzip.compress(join(",", "\n").encode(), mtime=0),
        "packed.csv.zst": zstandard.ZstdCompressor(write_checksum=True).compress(join(",", "\n", always=True).encode()),
        "wide.csv": wide.encode(),
        "single.csv": ("x\n" + "\n".join(row[1] for row in rows)).encode(),
        "utf16.csv": join("\t", "\r\n").encode("utf-16"),
    }.items():
        (folder / name).write_bytes(data)


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the table damaged; of a compressed table, mostly the text inside."""
    inside = generator.random() < 0.8
    if inside and data.startswith(b"\x1f\x8b"):
        return gzip.compress(_damage_text(gzip.decompress(data), generator), mtime=0)
    if inside and data.startswith(b"\x28\xb5"):
        return zstandard.compress(_damage_text(zstandard.decompress(data), generator))
    if data.startswith(b"\xff\xfe"):
        return (
            _damage_text(data.decode("utf-16").encode(), generator, whole=0.9).decode(errors="replace").encode("utf-16")
        )
    return _damage_text(data, generator)


def _damage_text(text: bytes, generator: np.random.Generator, whole: float = 0.6) -> bytes:
    """Returns the text with some cells replaced, which usually leaves a valid table, or with damage anywhere."""
    if generator.random() > whole:
        return damage(text, generator, head=40, tokens=TOKENS)
    for _ in range(int(generator.integers(1, 4))):
        cells = list(re.finditer(rb"[^,;\t\r\n]+", text))
        cell = cells[int(generator.integers(len(cells)))]
        token = TOKENS[int(generator.integers(len(TOKENS)))]
        kept = generator.integers(3)
        text = text[: cell.start() + (kept == 1)] + token + text[cell.end() - (kept == 2) :]
    return text


def commands(damaged: Path, output: Path) -> Sequence[Sequence[str]]:
    """Returns the commands that compute statistics of the table and standardize it.

    They say what zm would guess by the first rows: the delimiter, and that there is a header.
    """
    try:
        text = _read_text(damaged).lstrip("\r\n")
    except (ValueError, OSError, EOFError, zlib.error, zstandard.ZstdError):
        text = ""
    said = ("--header", "--delimiter", _find_delimiter(damaged, text))
    return (
        ("stats", str(damaged), "--json", "-j", "1", *said),
        ("standardize", str(damaged), "-o", str(output / f"out{''.join(damaged.suffixes)}"), "-j", "2", *said),
    )


def check(damaged: Path, output: Path, endings: Sequence[Ending]) -> str | None:
    """Returns what differs from the cells of the csv module and exact sums of their values; None if nothing does."""
    measured, written = endings
    if measured.kind != written.kind:
        return f"stats is {measured.kind}, standardize is {written.kind}: {written.err.strip() or measured.err.strip()}"
    if measured.kind != "done":
        return None
    try:
        table = read_table(damaged)
        again = read_table(output / f"out{''.join(damaged.suffixes)}")
    except (ValueError, csv.Error, OSError, EOFError, zstandard.ZstdError) as error:
        return f"zm reads what Python does not: {error}"
    found = json.loads(measured.out)
    return _compare_stats(table, found) or _compare_written(table, again, found)


def read_table(path: Path) -> Table:
    """Returns the table as the csv module reads it. Raises ValueError for rows that do not fit the header."""
    stored = _read_text(path)
    text = stored.lstrip("\r\n")
    if text != stored:
        # A byte order mark after blank lines is not part of the first name.
        text = text.removeprefix("\ufeff")
    delimiter = _find_delimiter(path, text)
    records = _read_records(text, delimiter, _scan_header(text, delimiter)[1])
    written = [cell.strip() for cell in records[0]]
    names: list[str] = []
    for number, name in enumerate(written, start=1):
        given = name or f"column_{number}"
        while not name and given in written:
            given += "_"
        names.append(given)
    rows = [record or [""] for record in records[1:] if record or len(names) == 1]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells, not {len(names)}")
    return Table(names, rows)


def _find_delimiter(path: Path, text: str) -> str:
    seen, _ = _scan_header(text, ",;\t|")
    likely = next((letter for letter in ",;\t|" if letter in seen), ",")
    return "\t" if path.suffix == ".tsv" else likely


def _read_text(path: Path) -> str:
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    elif data.startswith(b"\x28\xb5\x2f\xfd"):
        data = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return data.decode(next((codec for mark, codec in MARKS if data.startswith(mark)), "utf-8-sig"))


def _scan_header(text: str, delimiters: str) -> tuple[set[str], str]:
    """Returns the delimiters outside quotes in the first record, and its line end; `\\r\\n` counts as `\\n`."""
    seen, state = set[str](), "start"
    for position, letter in enumerate(text):
        if letter == '"' and state in ("start", "closed"):
            state = "quoted"
        elif state == "quoted":
            state = "closed" if letter == '"' else state
        elif letter in "\r\n":
            return seen, "\n" if text[position : position + 2] == "\r\n" else letter
        else:
            state = "start" if letter in delimiters else "plain"
            seen |= {letter} & set(delimiters)
    return seen, "\n"


def _read_records(text: str, delimiter: str, end: str) -> list[list[str]]:
    # For the csv module every return and newline ends a record; for zm only the line end of the header does.
    # A return at the very end of the text is half of a line end.
    pattern = re.compile("\n" if end == "\r" else r"\r(?!\n|\Z)")
    lone = pattern.search(text)
    text = pattern.sub(LONE, text)
    csv.field_size_limit(len(text) + 1)
    lines = [line + end for line in text.removesuffix(end).split(end)]
    records = list(csv.reader(lines, delimiter=delimiter))
    return [[cell.replace(LONE, lone[0]) for cell in record] for record in records] if lone else records


def _find_number(cell: str) -> float | None:
    """Returns the number in a cell, NaN for a missing one, None for text."""
    # For Python, the separators of files and records (0x1c to 0x1f) are spaces; for Unicode they are not.
    text = cell.strip() if not any("\x1c" <= letter <= "\x1f" for letter in cell) else cell
    if text in MISSING:
        return math.nan
    return float(text) if NUMBER.fullmatch(text) else None


def _holds_codes(cells: Sequence[str], values: Sequence[float | None]) -> bool:
    """Returns whether a column holds digits after a leading zero, and integers to begin with."""
    first = [value for value in values[:FIRST_VALUES] if value is not None and math.isfinite(value)]
    return all(value == math.floor(value) for value in first) and any(CODE.fullmatch(cell) for cell in cells)


def _compare_stats(table: Table, found: Mapping[str, Any]) -> str | None:
    columns = {name: [_find_number(row[column]) for row in table.rows] for column, name in enumerate(table.names)}
    numeric = {
        name: [value for value in values if value is not None and math.isfinite(value)]
        for name, values in columns.items()
        if None not in values and not _holds_codes([row[table.names.index(name)] for row in table.rows], values)
    }
    expected = [name for name in table.names if numeric.get(name)]
    if found["names"] != expected:
        return f"reads {found['names']} as numbers, not {expected}"
    if found["samples"] != len(table.rows):
        return f"finds {found['samples']} rows, not {len(table.rows)}"
    for feature, name in enumerate(expected):
        values = [Fraction(value) for value in numeric[name]]
        mean = sum(values) / len(values)
        m2 = sum((value - mean) ** 2 for value in values)
        size = max(abs(value) for value in values)
        counted = {"count": len(values), "missing": len(table.rows) - len(values)}
        extremes = {"min": float(min(values)), "max": float(max(values))}
        for what, number in {**counted, **extremes}.items():
            if found[what][feature] != number:
                return f"column '{name}': {what} is {found[what][feature]}, not {number}"
        if not math.isclose(found["mean"][feature], mean, rel_tol=EXACT, abs_tol=float(size) * EXACT):
            return f"column '{name}': mean is {found['mean'][feature]}, not {float(mean)}"
        # Deviations cannot be more exact than the mean that they are computed from.
        tolerance = float(len(values) * (size * EPSILON) ** 2)
        if not math.isclose(found["m2"][feature], m2, rel_tol=EXACT, abs_tol=tolerance):
            return f"column '{name}': m2 is {found['m2'][feature]}, not {float(m2)}"
    return None


def _compare_written(table: Table, again: Table, found: Mapping[str, Any]) -> str | None:
    if again.names != table.names or len(again.rows) != len(table.rows):
        return f"writes {len(again.rows)} rows of {again.names}, not {len(table.rows)} of {table.names}"
    for column, name in enumerate(table.names):
        feature = found["names"].index(name) if name in found["names"] else None
        for number, (before, after) in enumerate(zip(table.rows, again.rows, strict=True), start=1):
            cell, written = before[column], after[column]
            value = None if feature is None else _find_number(cell)
            if feature is None or value is None or math.isnan(value):
                right = cell == written
            else:
                mean, std = found["mean"][feature], found["std"][feature]
                right = _is_close(_find_number(written), (value - mean) / std, abs(mean) / std) if std else True
            if not right:
                return f"row {number}, column '{name}': '{cell}' became '{written}'"
    return None


def _is_close(written: float | None, expected: float, size: float) -> bool:
    return written is not None and math.isclose(written, expected, rel_tol=EXACT, abs_tol=EXACT * size)


TARGET = Target(
    make_seeds,
    mutate,
    commands,
    check,
    preload=(
        "zm_cli.cli.main",
        "zm_cli.formats.csv.sink",
        "zm_cli.formats.csv.source",
        "zm_cli.pipeline.applying.apply",
        "isal",
    ),
)
