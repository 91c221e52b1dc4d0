"""Columns: cells as numbers, missing cells, cells that are not numbers, and rows that cannot be read."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from tests.formats.csv.tables import error_of, open_table, read_blocks, read_values, rewritten, save, values_of
from zm_cli.errors import DataError


def test_missing_cells_of_every_spelling_are_nan(tmp_path: Path) -> None:
    cells = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "None", "none", "?", ".", "-", "<NA>"]
    cells += [" NA ", '"NA"', '""', "   ", "\\N"]
    text = "a,b\n1,0\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))
    assert [row[0] for row in values_of(tmp_path, text)] == [1] + [None] * len(cells)


def test_cells_with_spaces_quotes_signs_and_exponents_are_numbers(tmp_path: Path) -> None:
    text = 'a\n 1\n2 \n+3\n"4"\n" 5 "\n6e0\n7E0\n.8e1\n9.\n-inf\nInfinity\n1e999\n-0\n'
    values = [row[0] for row in values_of(tmp_path, text)]
    assert values == [1, 2, 3, 4, 5, 6, 7, 8, 9, -math.inf, math.inf, math.inf, 0]
    assert str(values[-1]) == "-0.0"


def test_a_null_value_of_the_user_is_missing_even_if_it_is_a_number(tmp_path: Path) -> None:
    text = 'a,b\n1,x\n-999,2\n -999 ,3\n-9990,NA\n"-999",4\n'
    expected = [[1, None], [None, 2], [None, 3], [-9990, None], [None, 4]]
    assert values_of(tmp_path, text, null_values=("-999", "x")) == expected
    assert values_of(tmp_path, text.replace(" -999 ", " -999"), null_values=("-999", "x")) == expected
    assert values_of(tmp_path, "a\n-999\n-999.0\n", null_values=("-999",)) == [[None], [None]]
    assert rewritten(tmp_path, text, null_values=("-999", "x"), add=1) == (
        b"a,b\n2.0,x\n-999,3.0\n -999 ,4.0\n-9989.0,NA\n-999,5.0\n"
    )
    source = open_table(save(tmp_path, text), null_values=("-999", "x"))
    assert source.spec.decoding["null_values"] == ["-999", "x"]


def test_both_ways_of_parsing_give_the_same_values(tmp_path: Path) -> None:
    seed = 20
    print("seed", seed)
    draw = random.Random(seed)
    cells = [repr(draw.uniform(-1, 1) * 10.0 ** draw.randint(-320, 308)) for _ in range(3000)]
    cells += [f"{draw.random():.25f}" for _ in range(1000)]
    cells += ["nan", "", "inf", "-inf", "1e-400", " 7", "1e999", "-0"]
    typed = read_values(open_table(save(tmp_path, "a,b\n" + "".join(f"{cell},1\n" for cell in cells))))
    # Only the slower way can read the last cell, which ends in a space.
    slow = read_values(open_table(save(tmp_path, "a,b\n" + "".join(f"{cell},1\n" for cell in [*cells, "1 "]))))
    assert typed.tobytes() == slow[:-1].tobytes()
    expected = [float(cell) if cell else math.nan for cell in cells]
    np.testing.assert_array_equal(typed[:, 0], expected)


def test_a_column_of_missing_cells_only_is_kept_for_later_rows(tmp_path: Path, tiny_pieces: None) -> None:
    text = "a,b\n" + "NA,1\n" * 30 + "5,1\n"
    assert values_of(tmp_path, text)[-1] == [5, 1]


def test_text_in_a_late_row_is_reported_with_its_row_and_value(tmp_path: Path, tiny_pieces: None) -> None:
    lines = [f"{i},{i}" for i in range(1, 101)]
    lines[59], lines[70], lines[71] = "60, abc ", "71,def", "NA,72"
    source = open_table(save(tmp_path, "a,b\n" + "\n".join(lines) + "\n"))
    blocks = read_blocks(source)
    assert len(blocks) > 5
    found = [block.rejected for block in blocks if block.rejected]
    assert [{index: (cell.row, cell.value) for index, cell in cells.items()} for cells in found] == [
        {1: (60, " abc ")},
        {1: (71, "def")},
    ]
    values = np.concatenate([block.values for block in blocks])
    assert np.flatnonzero(np.isnan(values[:, 1])).tolist() == [59, 70]
    assert np.flatnonzero(np.isnan(values[:, 0])).tolist() == [71]
    assert [b.values.tobytes() for b in blocks] == [b.values.tobytes() for b in read_blocks(source)]


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "true", "1d5", "1.5f", "\u0661", "12:30", "1,5", "1 2", "--1"])
def test_cells_that_only_look_like_numbers_are_text(tmp_path: Path, cell: str) -> None:
    assert values_of(tmp_path, f'a,b\n"{cell}",1\n') == [[1]]


def test_a_byte_order_mark_at_the_start_of_a_later_piece_is_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 8)
    assert rewritten(tmp_path, "a,b\n\ufeffx,1.0\n\ufeffy,2.0\n") == "a,b\n\ufeffx,1.0\n\ufeffy,2.0\n".encode()


@pytest.mark.parametrize(("row", "found"), [("3", "1 cell,"), ("3,4,5", "3 cells"), ("3,4,", "3 cells")])
@pytest.mark.parametrize("before", ["1,2\n" * 20, '1,"2"\n' * 20, ""])
def test_the_error_names_a_row_with_too_few_or_too_many_cells(
    tmp_path: Path, tiny_pieces: None, row: str, found: str, before: str
) -> None:
    error = error_of(tmp_path, f"a,b\n{before}{row}\n5,6\n")
    assert isinstance(error, DataError)
    assert f"row {before.count('1') + 1}" in str(error.where)
    assert found in error.what
    assert error.what.endswith("2")


def test_a_short_and_a_long_row_do_not_cancel_out(tmp_path: Path) -> None:
    assert "row 2" in str(error_of(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8,9\n"))
    assert "row 2" in str(error_of(tmp_path, "a,b,c\n1,2,3\n4,5,6,7\n8,9\n"))
    assert "row 2" in str(error_of(tmp_path, 'a,b,c\n1,2,3\n"4,5",6\n7,8,9\n'))


def test_the_error_names_the_row_that_is_not_utf8(tmp_path: Path, tiny_pieces: None) -> None:
    text = b"a,b\n" + b"caf\xc3\xa9,1\n" * 20 + b"caf\xe9,2\n"
    for column in ("a", "b"):
        error = error_of(tmp_path, text, columns=(column,))
        assert "row 21" in str(error.where)
        assert "UTF-8" in error.what
        assert "--encoding latin-1" in str(error.hint)
    assert "header" in str(error_of(tmp_path, b"\xe9,b\n1,2\n"))


def test_the_error_names_the_row_with_a_zero_byte(tmp_path: Path) -> None:
    assert "row 2" in str(error_of(tmp_path, b"a,b\nx,1\ny\0,2\n"))
