"""What `inspect` says of columns of text: missing cells and different values, in all pieces of a table together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.formats.csv.tables import open_table, save
from tests.shell import run_zm
from zm_cli.data.texts import MAX_DISTINCT
from zm_cli.pipeline.describing.describe import Description, describe
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.schema import load_schema

TITANIC = """Name,Age,Ticket,Cabin,Fare,Empty
"Smith, J",22,113803,C85,7.25,
"Doe, A",,A/5 21171,,71.2,NA
Roe,35,113803.0,C123,8.05,
Lee,54,A/5 21171,?,51.8,-
Roe,NA,7,C85,8.05,
"""


def describe_table(path: Path, **options: Any) -> Description:
    source = open_table(path, describe=True, on_error="skip", **options)
    return describe(source, MeasureOptions(), Plan(2))


def list_columns(found: Description) -> dict[str, tuple[str, int, int | None]]:
    assert found.columns is not None
    return {name: (column.type, column.missing, column.distinct) for name, column in found.columns.others.items()}


@pytest.mark.parametrize("size", [8 << 20, 40, 1])
def test_missing_cells_and_different_values_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", size)
    # In a first piece that is small, a column of text may look like one of numbers.
    monkeypatch.setattr("zm_cli.formats.csv.features.FIRST_LOOK", size)
    found = describe_table(save(tmp_path, TITANIC), exclude=("Fare",))
    assert found.stats.names == ("Age",)
    assert list_columns(found) == {
        "Name": ("text", 0, 4),
        "Ticket": ("text", 0, 3),
        "Cabin": ("text", 2, 2),
        "Fare": ("left aside", 0, 4),
        "Empty": ("empty", 5, 0),
    }
    assert found.facts.types == {"float64": 1, "text": 3, "left aside": 1, "empty": 1}
    assert found.facts.others["text columns"] == "Name, Ticket, Cabin"
    assert found.missing_total == 2 + 2 + 5


def test_the_null_values_of_the_user_are_missing_in_text_too(tmp_path: Path) -> None:
    path = save(tmp_path, "t,u,x\nnone given,0,1\na,0.0,2\n0,b,3\n")
    found = describe_table(path, null_values=("none given", "u=0"))
    assert list_columns(found) == {"t": ("text", 1, 2), "u": ("text", 2, 1)}


def test_very_many_values_are_not_counted(tmp_path: Path, tiny_pieces: None) -> None:
    count = MAX_DISTINCT + 1
    text = "t,u,x\n" + "".join(f"t{number},u{number % MAX_DISTINCT},{number}\n" for number in range(count))
    found = describe_table(save(tmp_path, text))
    assert list_columns(found) == {"t": ("text", 0, None), "u": ("text", 0, MAX_DISTINCT)}


def test_rows_left_out_do_not_count(tmp_path: Path) -> None:
    found = describe_table(save(tmp_path, "t,x\na,1\nb\n,2\nc,3,4\n"))
    assert (list_columns(found), found.outcome.skipped_total) == ({"t": ("text", 1, 1)}, 2)


def test_columns_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    found = describe_table(save(tmp_path, "t,t,x\na,b,1\na,,2\n"))
    assert list_columns(found) == {"t (column 1)": ("text", 0, 1), "t (column 2)": ("text", 1, 1)}


def test_inspect_shows_them_in_a_second_table_and_as_json(tmp_path: Path) -> None:
    save(tmp_path, TITANIC + "too short\n", "t.csv")
    shown = run_zm("inspect", "t.csv", cwd=tmp_path)
    assert "types         text (3), float64 (2), empty (1)" in shown.out
    assert "unreadable    1: row 6\n" in shown.out
    assert [line.split() for line in shown.out.splitlines()[-5:-1]] == [
        ["column", "type", "missing", "distinct"],
        ["Name", "text", "0", "4"],
        ["Ticket", "text", "0", "3"],
        ["Cabin", "text", "2", "2"],
    ]
    document = json.loads(run_zm("inspect", "t.csv", "--json", cwd=tmp_path).out)
    jsonschema.validate(document, load_schema("inspect"))
    assert document["text_columns"]["Cabin"] == {"type": "text", "missing": 2, "distinct": 2}
    assert sum(document["types"].values()) == len(document["names"]) + len(document["text_columns"])
    assert (document["missing_total"], document["unreadable_total"]) == (9, 1)
