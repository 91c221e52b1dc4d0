"""Unusual, broken and malicious tables: the right numbers, or an error in one line."""

from __future__ import annotations

import csv
import io
import math
import random
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.formats.csv.tables import PROPERTY, open_table, read_blocks, rewritten, save
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.errors import DataError, ZmError
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan


def read_numbers(folder: Path, text: str | bytes, **options: Any) -> list[list[float]]:
    """Returns the values of a table in which every cell of a feature is a number or missing."""
    blocks = read_blocks(open_table(save(folder, text), **options))
    assert not any(block.rejected for block in blocks)
    values: list[list[float]] = np.concatenate([block.values for block in blocks]).tolist()
    return values


# Numbers


def draw_spelling(draw: random.Random) -> str:
    """Draws a text that is a number, or almost one."""
    digits = "".join(draw.choices("0123456789", k=draw.randint(1, 30)))
    match draw.randrange(7):
        case 0:
            return repr(draw.uniform(-1, 1) * 10.0 ** draw.randint(-320, 308))
        case 1:
            return f"{draw.choice(['', '+', '-'])}{digits}.{''.join(draw.choices('0123456789', k=draw.randint(0, 30)))}"
        case 2:
            return f"{digits}{draw.choice('eE')}{draw.choice(['', '+', '-'])}{draw.randint(0, 400)}"
        case 3:
            return str(2 ** draw.randint(50, 70) + draw.randint(-3, 3))
        case 4:
            # Halfway between two floats, or slightly above it, where careless parsers round the wrong way.
            number = draw.uniform(1, 2) * 2.0 ** draw.randint(-30, 60)
            with localcontext(prec=200):
                halfway = (Decimal(number) + Decimal(math.nextafter(number, math.inf))) / 2
            return format(halfway, "f") + draw.choice(["", "0000001"] if "." in format(halfway, "f") else [""])
        case 5:
            text = list(repr(draw.uniform(-1e6, 1e6)))
            text.insert(draw.randrange(len(text) + 1), draw.choice("0123456789+-eE._ xinfaN"))
            return "".join(text)
        case _:
            return "".join(draw.choices("0123456789+-eE.", k=draw.randint(1, 8)))


def expected_number(cell: str) -> float | None:
    """Returns the number that Python reads in a cell; None for text, such as digits separated by underscores."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return math.nan if cell.strip() in ("-", ".", "..", "--") else None


@pytest.mark.parametrize("seed", [1])
def test_every_spelling_of_a_number_is_read_as_python_reads_it(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    cells = [draw_spelling(draw) for _ in range(5000)]
    expected = [expected_number(cell) for cell in cells]
    numbers = [cell for cell, value in zip(cells, expected, strict=True) if value is not None]
    values = np.array([value for value in expected if value is not None])
    for quote in ("", '"'):
        text = "x,y\n" + "".join(f"{quote}{cell}{quote},1\n" for cell in numbers)
        read = np.array(read_numbers(tmp_path, text, columns=("x",)))[:, 0]
        assert [value.hex() for value in read.tolist()] == [value.hex() for value in values.tolist()]
    texts = [cell for cell, value in zip(cells, expected, strict=True) if value is None]
    assert len(texts) > 500
    for cell in texts[:200]:
        source = open_table(save(tmp_path, f"x,y\n1,1\n{cell},1\n"), columns=("x",))
        (block,) = read_blocks(source)
        assert (block.rejected[0].row, block.rejected[0].value) == (2, cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *((" 5 ", 5.0), ("5.", 5.0), (".5", 0.5), ("+5", 5.0), ("1e5", 1e5), ("1E+05", 1e5), ("-0.0", -0.0)),
        *(("1e999", math.inf), ("-1e999", -math.inf), ("Infinity", math.inf), ("-inf", -math.inf), ("1e-999", 0.0)),
        *(("9007199254740993", 9007199254740992.0), ("18446744073709551617", 2.0**64), ("000012", 12.0)),
        *(("0e999999999999", 0.0), ("\t5", 5.0), ("\u00a05", 5.0), ("5\u3000", 5.0)),
    ],
)
def test_numbers_of_unusual_form_are_read(tmp_path: Path, cell: str, value: float) -> None:
    for text in (f"x,y\n{cell},1\n", f'x,y\n"{cell}",1\n', f"x,y\n{cell},1\n 7 ,1\n"):
        assert read_numbers(tmp_path, text, columns=("x",))[0][0].hex() == value.hex()


@pytest.mark.parametrize(
    "cell",
    [
        *("0x1F", "1_000", "true", "$5", "5%", "1d5"),
        *("\u0661\u0662", "1\u0662", "\uff11\uff12", "\u00b2", "\u22125"),
    ],
)
def test_a_cell_that_is_not_a_number_is_refused_with_its_row_column_and_value(tmp_path: Path, cell: str) -> None:
    path = save(tmp_path, f'n,x\n1,1\n2,2\n3,"{cell}"\n')
    with pytest.raises(DataError) as caught:
        measure([open_table(path, columns=("x",))], MeasureOptions(None), Plan(1))
    start = (
        f"{path}: column 'x': row 3 holds '{cell}', which is not a number; --null-value '{cell}' treats it as missing"
    )
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize("cell", ["1,234", "1,234.5", "1 000", "1'000"])
def test_a_late_thousands_separator_is_refused_with_its_row_and_named(tmp_path: Path, cell: str) -> None:
    path = save(tmp_path, f'n,x\n1,1\n2,2\n3,"{cell}"\n')
    with pytest.raises(DataError) as caught:
        measure([open_table(path, columns=("x",))], MeasureOptions(None), Plan(1))
    start = (
        f"{path}: column 'x': row 3 holds '{cell}', which is not a number; write numbers without thousands separators;"
    )
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize("cell", ["1,234", "0x1F", "1_000", "\u0661\u0662", "12 €"])
def test_a_column_that_only_looks_numeric_is_left_as_text_with_a_note(tmp_path: Path, cell: str) -> None:
    source = open_table(save(tmp_path, f'n,x\n1,"{cell}"\n2,"{cell}"\n'))
    assert source.spec.names == ("n",)
    assert f"column 'x' is left as text: row 1 holds '{cell}'" in source.facts().notes[0]


def test_thousands_separators_give_a_hint(tmp_path: Path) -> None:
    assert "without thousands separators" in open_table(save(tmp_path, 'n,x\n1,"1,234"\n')).facts().notes[0]
    with pytest.raises(DataError, match="without thousands separators"):
        open_table(save(tmp_path, 'x\n"1,234"\n'))


# Shapes


@slow
def test_a_table_of_very_many_columns_is_read_and_written(tmp_path: Path) -> None:
    width = 20_000
    rows = [[f"{(row * column) % 97}.5" for column in range(width)] for row in range(3)]
    text = "".join(",".join(cells) + "\n" for cells in [[f"c{column}" for column in range(width)], *rows])
    assert read_numbers(tmp_path, text) == [[float(cell) for cell in row] for row in rows]
    assert rewritten(tmp_path, text) == text.encode()


@slow
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_of_ten_megabytes_is_a_cell(tmp_path: Path, quote: str) -> None:
    inner = "y" * 10_000_000 if not quote else 'y"",\n' * 2_000_000
    text = f"x,t\n1.0,a\n2.0,{quote}{inner}{quote}\n3.0,c\n"
    assert read_numbers(tmp_path, text) == [[1], [2], [3]]
    assert rewritten(tmp_path, text) == text.encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", "row 2: has 1 cell, the header has 2"),
        ("a,b\n1,2\n3,4,5\n", "row 2: has 3 cells, the header has 2"),
        ("a,b\n1,2\n3,1,234\n", "row 2: has 3 cells"),
        ("a,b\n1,2\n3,\x004\n", "row 2: holds a zero byte"),
        ('a,b\n1,2\n"3,4\n5,6\n', "row 2: a cell begins with a quote that is never closed"),
        ("a,a\n1,2\n", "several columns are called 'a'"),
        ("a,b\n", "has no samples"),
        ("", "is empty"),
        ("a,b\nNA,\n-,?\n", "has no numbers"),
        ("a,b\r1,2\n3,4\r", "row 1: has 3 cells"),
        ("a,b\n1,2\r3,4\r", "row 1: has 3 cells"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_its_row(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        measure([open_table(save(tmp_path, text))], MeasureOptions(None), Plan(1))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_table_gives_one_line_and_no_output(tmp_path: Path) -> None:
    path = save(tmp_path, 'n,x\n1,1\n2,"1,234"\n')
    ran = run_zm("standardize", path, "-o", tmp_path / "out.csv", "--columns", "x")
    assert (ran.code, ran.out, ran.err.count("\n")) == (3, "", 1)
    assert not (tmp_path / "out.csv").exists()


def test_columns_called_par1_are_not_a_parquet_file(tmp_path: Path) -> None:
    assert read_numbers(tmp_path, "PAR1,PAR2\n1,2\n") == [[1, 2]]


# Line ends


def read_as_text(text: bytes, path: Path) -> str:
    """Returns the values of column `n` and its first cell that is not a number, or the error, as text."""
    path.write_bytes(text)
    try:
        blocks = read_blocks(open_table(path, columns=("n",)))
    except ZmError as error:
        return str(error)
    rejected = next((block.rejected for block in blocks if block.rejected), None)
    return f"{[row for block in blocks for row in block.values.tolist()]} {rejected}"


@PROPERTY
@given(
    parts=st.lists(st.sampled_from(["a", '"', '""', "\n", "\r", '"x"']), max_size=4).map("".join)
    | st.sampled_from(['5" pipe', '"q" r', '"two\rlines"', '"', ""]),
    others=st.lists(st.sampled_from(["a", '5" p', '"q,r"', '"x\ry"', "", "\n", '"a"b']), min_size=1, max_size=8),
    end=st.sampled_from(["\r", "\n", "\r\n"]),
    size=st.integers(1, 40),
)
@example(parts="a\n", others=["\n"], end="\r", size=1)
def test_the_size_of_blocks_changes_no_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: str, others: list[str], end: str, size: int
) -> None:
    cells = [*others, parts, *others]
    text = (f"t,n{end}" + "".join(f"{cell},{number}{end}{end}" for number, cell in enumerate(cells))).encode()
    whole = read_as_text(text, tmp_path / "table.csv")
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    assert read_as_text(text, tmp_path / "table.csv") == whole


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_a_blank_line_before_a_stray_quote_is_blank_where_returns_end_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    values = read_numbers(tmp_path, 'n,t\r1,a\r\r2,\n"\r\r,5" nail\r')
    np.testing.assert_array_equal(values, [[1], [2], [math.nan]])


@pytest.mark.parametrize(
    ("header", "rows", "kept"), [("\n", "\r\n", "LF"), ("\r\n", "\n", "CRLF"), ("\n", "\n", ""), ("\r\n", "\r\n", "")]
)
def test_mixed_line_ends_become_those_of_the_header_with_a_note(
    tmp_path: Path, header: str, rows: str, kept: str
) -> None:
    path = save(tmp_path, f't,x{header}a,-1{rows}"b\n",1{header}')
    ran = run_zm("center", path, "-o", tmp_path / "out.csv")
    assert ran.code == 0
    assert (tmp_path / "out.csv").read_bytes().decode() == f't,x{header}a,-1.0{header}"b\n",1.0{header}'
    note = f"zm: {path}: line ends differ; the output has {kept} everywhere\n"
    assert (note in ran.err) is bool(kept)


@pytest.mark.parametrize(("text", "header"), [("\n\ufeffa,b\n1.0,2.0\n", None), ("\n\ufeff1.0,2.0\n", False)])
def test_a_byte_order_mark_after_blank_lines_is_not_text(tmp_path: Path, text: str, header: bool | None) -> None:
    source = open_table(save(tmp_path, text), header=header)
    assert source.spec.names == (("a", "b") if header is None else ("column_1", "column_2"))
    assert rewritten(tmp_path, text, header=header) == text.removeprefix("\n").encode()


# What is not transformed


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_come_back_with_the_quotes_they_had(tmp_path: Path, quoting: Any, end: str, delimiter: str) -> None:
    cells = [
        "=SUM(A1)",
        "@x",
        "+cmd",
        "-1+1|cmd",
        "=1,2;3|4\t5",
        "plain",
        "",
        ' say "hi" ',
        f"two{end[-1]}lines",
        "é",
        "NA",
        "1.50",
    ]
    text = io.StringIO(newline="")
    # Each row has cells of two kinds and a number; only the number is formatted again.
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([["a", "b", "x"], *([cell, cells[-index], 1.0] for index, cell in enumerate(cells))])
    quoted = text.getvalue()
    wanted = quoted.replace('"1.0"', "1.0")
    assert rewritten(tmp_path, quoted, columns=("x",)) == wanted.encode()


def test_some_cells_of_a_column_may_have_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'a,x,b\n"=A1",1.0,u\n=A1,2.0,"u"\n"",3.0,\n,4.0,""\n'
    for size in (1 << 20, 12, 1):
        monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
        assert rewritten(tmp_path, text) == text.encode()


def test_a_missing_text_with_the_delimiter_in_it_keeps_its_quotes(tmp_path: Path) -> None:
    text = 'x,t\n1.0,"a"\n"none, really",b\n"",c\n2.0,d\n'
    assert rewritten(tmp_path, text, null_values=("none, really",)) == text.encode()


def test_formulas_pass_through_both_commands(tmp_path: Path) -> None:
    path = save(tmp_path, 't,u,x\n=SUM(A1),"@x",1\n"=A1",+cmd,3\n')
    for command in ("center", "standardize"):
        output = tmp_path / f"{command}.csv"
        assert run_zm(command, path, "-o", output).code == 0
        assert output.read_text() == 't,u,x\n=SUM(A1),"@x",-1.0\n"=A1",+cmd,1.0\n'


# Terminals


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    path = save(tmp_path, "n,\x1b[31mred\x9b1m,y\n1,2,\x1b[2J5\n3,4,\u202e6\n")
    for column, shown in (("y", "'\\x1b[2J5'"), ("z", "'\\x1b[31mred\\x9b1m'")):
        ran = run_zm("stats", path, "--columns", column)
        assert shown in ran.err
        assert not any(letter in ran.err for letter in "\x1b\x9b\u202e")
