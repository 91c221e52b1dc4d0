"""Tables drawn at random: they are read as Python's csv module reads them, and written back."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.csv.tables import PROPERTY, open_table, read_blocks, rewrite, save

CELLS = st.one_of(
    st.floats(width=64).map(repr),
    st.integers(-(10**18), 10**18).map(str),
    st.sampled_from(["", "NA", " 1.5", "2.5 ", "nan", "+3", '"', "-"]),
    st.text(alphabet='ab1,;"\n\r \té\ufeff', max_size=6),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(2, 4))
    kinds = [draw(st.booleans()) for _ in range(width)]
    number = st.one_of(st.floats(width=64).map(repr), st.sampled_from(["", "NA", " 4 ", "nan"]))
    columns = st.tuples(*(number if numeric else CELLS for numeric in kinds))
    return [list(row) for row in draw(st.lists(columns, max_size=12))]


def expected_number(cell: str) -> float | None:
    """Returns the number that Python reads in a cell; None for text."""
    stripped = cell.strip()
    if stripped in ("", "NA", "-", "nan"):
        return math.nan
    try:
        return float(stripped)
    except ValueError:
        return None


def write_table(rows: Sequence[Sequence[str]], always: bool, end: str) -> str:
    """Returns the table as text, with quotes around all cells (`always`) or those that need them."""
    header = [f"c{column}" for column in range(len(rows[0]) if rows else 2)]

    def write_cell(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if always or any(sign in cell for sign in ',"\r\n') else cell

    return "".join(",".join(map(write_cell, row)) + end for row in [header, *rows])


any_table = given(
    rows=tables(),
    always=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 200),
)


@PROPERTY
@any_table
def test_blocks_are_what_the_csv_module_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], always: bool, end: str, size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    text = write_table(rows, always, end)
    parsed = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert parsed == rows
    path = save(tmp_path, text)
    names = tuple(f"c{column}" for column in range(len(rows[0]) if rows else 2))
    source = open_table(path, columns=names)
    blocks = read_blocks(source)
    values = np.concatenate([np.empty((0, len(names))), *(block.values for block in blocks)])
    numbers = [[expected_number(cell) for cell in row] for row in parsed]
    expected = np.array(numbers, dtype=float).reshape(-1, len(names))
    np.testing.assert_array_equal(values, expected)
    rejected: dict[int, tuple[int, str]] = {}
    for block in blocks:
        for index, cell in block.rejected.items():
            rejected.setdefault(index, (cell.row, cell.value))
    bad = {}
    for column in range(len(names)):
        found = [row for row, cells in enumerate(numbers) if cells[column] is None]
        if found:
            bad[column] = (found[0] + 1, parsed[found[0]][column])
    assert rejected == bad


@PROPERTY
@any_table
def test_untransformed_cells_come_back_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[list[str]], always: bool, end: str, size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    numbered = [[*row, f"{number}.5"] for number, row in enumerate(rows)] or [["x", "y", "0.5"]]
    output = tmp_path / "out.csv"
    name = f"c{len(numbered[0]) - 1}"
    rewrite(save(tmp_path, write_table(numbered, always, end)), output, columns=(name,))
    again = list(csv.reader(io.StringIO(output.read_bytes().decode(), newline="")))
    assert again[1:] == numbered
