"""Tables are opened as the statistics record: delimiter, header and decimal mark, unless the data say otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.pipeline.checking.training import Training, open_to_compare
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats


def save(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def measure_table(*paths: str, **options: Any) -> Stats:
    return measure([open_source(path, ReadOptions(**options)) for path in paths], MeasureOptions(), Plan(1))[0]


def read_applied(path: str, stats: Stats, **options: Any) -> list[list[float]]:
    source, _ = open_to_apply(path, ReadOptions(**options), stats)
    rows: list[list[float]] = np.concatenate([source.read(span).values for span in source.spans()]).tolist()
    return rows


def test_how_a_table_was_read_is_in_the_stats_file(tmp_path: Path) -> None:
    stats = measure_table(save(tmp_path, "a.csv", "1,5;x\n2,5;y\n"), decimal=",")
    save_stats(stats, str(tmp_path / "s.json"))
    decoding = json.loads((tmp_path / "s.json").read_text())["decoding"]
    assert (decoding["delimiter"], decoding["header"], decoding["decimal"]) == (";", False, ",")
    assert load_stats(str(tmp_path / "s.json")).decoding["decimal"] == ","


@pytest.mark.parametrize(
    ("field", "value"), [("delimiter", ""), ("delimiter", ",,"), ("delimiter", '"'), ("delimiter", 1), ("decimal", ";")]
)
def test_an_impossible_recorded_value_is_refused(tmp_path: Path, field: str, value: Any) -> None:
    save_stats(measure_table(save(tmp_path, "a.csv", "a,b\n1,2\n")), str(tmp_path / "s.json"))
    document = json.loads((tmp_path / "s.json").read_text())
    document["decoding"][field] = value
    (tmp_path / "s.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=field):
        load_stats(str(tmp_path / "s.json"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("b.tsv", "a\tb\n1.5\t2\n"),
        ("b.csv", "a;b\n1.5;2\n"),
        ("c.csv", "a|b|c, d\n1.5|2|x\n"),
        ("d.csv", "x,b,a\n7,2,1.5\n"),
    ],
)
def test_a_table_with_another_delimiter_is_read_by_its_own(tmp_path: Path, name: str, text: str) -> None:
    stats = measure_table(save(tmp_path, "a.csv", "a,b\n1,2\n3,4\n"))
    assert read_applied(save(tmp_path, name, text), stats) == [[1.5, 2]]


def test_the_recorded_delimiter_is_taken_where_none_is_clear(tmp_path: Path) -> None:
    text = "1,a|2\n2,b|3\n"
    stats = measure_table(save(tmp_path, "a.csv", text), delimiter="|", header=False)
    assert read_applied(save(tmp_path, "b.csv", text), stats) == [[2], [3]]


def test_the_recorded_header_settles_a_doubtful_row(tmp_path: Path) -> None:
    for header, rows in ((True, [[3.5, 4]]), (False, [[0, 1], [3.5, 4]])):
        stats = measure_table(save(tmp_path, "a.csv", "0,1\n0.5,7\n0.3,8\n"), header=header)
        source, _ = open_to_apply(save(tmp_path, "b.csv", "0,1\n3.5,4\n"), ReadOptions(), stats)
        assert source.facts().notes == ()
        assert read_applied(source.path, stats) == rows


def test_the_recorded_decimal_mark_is_used_unless_the_user_names_another(tmp_path: Path) -> None:
    stats = measure_table(save(tmp_path, "a.csv", "x;y\n1,5;1\n2,5;2\n"), decimal=",")
    assert read_applied(save(tmp_path, "b.csv", "x;y\n3,5;1\n"), stats) == [[3.5, 1]]
    assert read_applied(save(tmp_path, "c.csv", "x;y\n3.5;1\n"), stats, decimal=".") == [[3.5, 1]]


def test_a_missing_column_names_exclude_which_goes_without_it(tmp_path: Path) -> None:
    stats = measure_table(save(tmp_path, "a.csv", "a,b,y\n1,2,3\n4,5,6\n"))
    path = save(tmp_path, "b.csv", "a,b\n1.5,2\n")
    with pytest.raises(DataError) as caught:
        open_to_apply(path, ReadOptions(), stats)
    assert "there is no column 'y'" in caught.value.what
    assert "--exclude y" in str(caught.value.hint)
    for exclude in (("y",), ("y*",)):
        source, kept = open_to_apply(path, ReadOptions(exclude=exclude), stats)
        assert source.spec.names == kept.names == ("a", "b")
    with pytest.raises(DataError, match="lack a header"):
        open_to_apply(save(tmp_path, "c.csv", "1.5,2,3\n4,5,6\n"), ReadOptions(), stats)


def test_codes_that_the_statistics_have_as_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    path = save(tmp_path, "a.csv", "zip,x\n02113,1\n90210,2\n")
    training = Training("s.json", measure_table(path, columns=("zip",)))
    assert open_to_compare(path, ReadOptions(), training).spec.names == ("zip", "x")


def test_tables_with_other_delimiters_are_pooled_and_other_headers_are_named(tmp_path: Path) -> None:
    first = save(tmp_path, "a.csv", "a,b\n1,2\n")
    second = save(tmp_path, "b.tsv", "b\ta\n4\t3\n")
    assert measure_table(first, second).moments.mean.tolist() == [2, 3]
    with pytest.raises(DataError, match=r"it has no header row, .*a.csv has one"):
        measure_table(first, save(tmp_path, "c.csv", "1.5,2\n3,4\n"))


def test_a_column_that_neither_has_may_be_excluded(tmp_path: Path) -> None:
    stats = measure_table(save(tmp_path, "a.csv", "a,income,y\n1,2,3\n4,5,6\n"), exclude=("y",))
    path = save(tmp_path, "b.csv", "a,income\n1.5,2\n")
    for exclude in (("y",), ("y*",)):
        source, _ = open_to_apply(path, ReadOptions(exclude=exclude), stats)
        assert source.spec.names == ("a", "income")
        assert source.facts().notes == (f"{path}: there is no column '{exclude[0]}' to exclude",)
    for mistake in ("incme", "9"):
        with pytest.raises(UsageError, match="there is no column"):
            open_to_apply(path, ReadOptions(exclude=(mistake,)), stats)
