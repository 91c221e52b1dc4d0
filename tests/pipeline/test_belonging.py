"""Data, their receipt and the statistics beside them that do not belong together are told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.pipeline.applying.writing import Made, measure_all, write
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError
from zm_cli.formats import open_source
from zm_cli.pipeline.belonging import find_other_data, find_strangers
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.statsfile.store import load_stats, save_stats


def table(path: Path, shift: int = 0) -> Path:
    path.write_text("a,b\n" + "".join(f"{shift * row + row * row},{row % 7}\n" for row in range(12)))
    return path


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A table u.csv that was standardized, with its receipt and its statistics."""
    return write(table(tmp_path / "t.csv"), tmp_path / "u.csv")


def strangers(path: Path, **options: str) -> str:
    return " ".join(find_strangers(open_source(str(path), ReadOptions(**options))))


def other_data(path: Path) -> str | None:
    return find_other_data(str(path), load_stats(str(path)))


def test_what_was_written_together_belongs_together(made: Made, tmp_path: Path) -> None:
    assert strangers(tmp_path / "u.csv") == strangers(tmp_path / "t.csv") == ""
    assert other_data(tmp_path / "u.csv.stats.json") is None
    write(tmp_path / "u.csv", tmp_path / "back.csv", made.stats, ApplyOptions("standardize", inverse=True))
    assert strangers(tmp_path / "back.csv") == ""


def test_a_table_that_was_edited_is_told_once(made: Made, tmp_path: Path) -> None:
    with (tmp_path / "u.csv").open("a") as file:
        file.write("1,2\n")
    told = measure_all(tmp_path / "u.csv").outcome.notes
    assert len([note for note in told if "its receipt (" in note and "is of other data" in note]) == 1
    undo = ApplyOptions("standardize", inverse=True)
    warnings = write(tmp_path / "u.csv", tmp_path / "v.csv", made.stats, undo).outcome.warnings
    assert [warning for warning in warnings if "is of other data" in warning]
    forced = write(tmp_path / "u.csv", tmp_path / "v.csv", made.stats, replace(undo, force=True)).outcome
    assert forced.warnings == []


def test_the_receipt_of_a_killed_run_is_not_that_of_the_old_table(made: Made, tmp_path: Path) -> None:
    receipt = (tmp_path / "u.csv.zm.json").read_bytes()
    write(table(tmp_path / "t.csv", 5), tmp_path / "u.csv")
    (tmp_path / "u.csv.zm.json").write_bytes(receipt)
    again = write(tmp_path / "u.csv", tmp_path / "v.csv")
    assert "so zm cannot tell whether these data are transformed" in again.outcome.warnings[0]
    assert "looks standardized already" in again.outcome.warnings[1]


def test_old_statistics_beside_a_new_table_are_told_to_those_who_see_either(made: Made, tmp_path: Path) -> None:
    beside = tmp_path / "u.csv.stats.json"
    old = beside.read_bytes()
    write(table(tmp_path / "t.csv", 5), tmp_path / "u.csv")
    beside.write_bytes(old)
    assert "was not transformed by" in strangers(tmp_path / "u.csv")
    assert "were they moved or made again?" in str(other_data(beside))


def test_a_table_without_its_receipt_is_told(made: Made, tmp_path: Path) -> None:
    (tmp_path / "u.csv.zm.json").unlink()
    assert "has no receipt, but" in strangers(tmp_path / "u.csv")
    shutil.copy(tmp_path / "u.csv.stats.json", tmp_path / "elsewhere.stats.json")
    assert other_data(tmp_path / "elsewhere.stats.json") is None


def test_statistics_of_many_sources_may_be_of_the_table_too(made: Made, tmp_path: Path) -> None:
    (tmp_path / "u.csv.zm.json").unlink()
    assert "has no receipt" in strangers(tmp_path / "u.csv")
    path = str(tmp_path / "u.csv.stats.json")
    stats = load_stats(path)
    save_stats(replace(stats, sources=(replace(stats.sources[0], sources=200),)), path)
    assert strangers(tmp_path / "u.csv") == ""


def test_statistics_of_the_data_themselves_belong_to_them(made: Made, tmp_path: Path) -> None:
    for name in ("t.csv", "u.csv"):
        save_stats(measure_all(tmp_path / name).stats, str(tmp_path / f"{name}.stats.json"))
        assert strangers(tmp_path / name) == ""
        assert other_data(tmp_path / f"{name}.stats.json") is None


def test_whatever_else_has_such_a_name_is_not_looked_at(tmp_path: Path) -> None:
    table(tmp_path / "t.csv")
    for text in ("{}", "", "\0"):
        (tmp_path / "t.csv.stats.json").write_text(text)
        assert strangers(tmp_path / "t.csv") == ""


def test_another_array_of_an_archive_has_statistics_of_its_own(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(5, 2, (30, 3))
    np.savez(tmp_path / "a.npz", x=values, y=values + 1)
    write(tmp_path / "a.npz", tmp_path / "b.npz", dataset="x")
    assert strangers(tmp_path / "b.npz", dataset="y") == ""
    write(tmp_path / "b.npz", tmp_path / "c.npz", dataset="y")
    assert strangers(tmp_path / "c.npz", dataset="x") == ""


def test_an_inverse_takes_the_columns_that_were_transformed(tmp_path: Path) -> None:
    full = measure_all(table(tmp_path / "t.csv"), purpose=None).stats
    (tmp_path / "new.csv").write_text("a\n5\n7\n")
    undo = ApplyOptions("standardize", inverse=True)
    for option, column in (("exclude", "b"), ("columns", "a")):
        write(tmp_path / "new.csv", tmp_path / "y.csv", full, None, **{option: (column,)})
        write(tmp_path / "y.csv", tmp_path / "back.csv", full, undo)
        assert np.genfromtxt(tmp_path / "back.csv", skip_header=1).tolist() == [5, 7]


def test_an_inverse_that_does_not_fit_says_why_in_words(made: Made, tmp_path: Path) -> None:
    other = measure_all(table(tmp_path / "o.csv", 5), purpose=None).stats
    undo = ApplyOptions("standardize", inverse=True)
    for stats, how, columns, difference in (
        (other, undo, None, "was standardized by other statistics than these"),
        (made.stats, replace(undo, operation="center"), None, "was standardized and not centered"),
        (made.stats, replace(undo, ddof=1), None, "was standardized otherwise (ddof 0)"),
        (made.stats, undo, ("a",), "was standardized in other columns: 'a', 'b', not 'a'"),
    ):
        with pytest.raises(DataError) as caught:
            write(tmp_path / "u.csv", tmp_path / "v.csv", stats, how, columns=columns)
        assert caught.value.what == difference
