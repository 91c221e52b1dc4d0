"""Filled values and the columns that mark them: decided by the statistics, and undone by an inverse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.formats.csv.tables import open_table, save
from tests.made import make_stats, make_transform
from zm_cli.data.options import ReadOptions
from zm_cli.data.spec import Spec
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.inputs.option_text import parse_impute
from zm_cli.numbers.moments.moments import Moments
from zm_cli.outputs.receipt import parse_receipt
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.pipeline.outcome import Outcome
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats

TRAIN = 'id,age,"in,come",note\n1,20,100,a\n2,NA,200,b\n3,40,,"c,d"\n4,60,300,d\n'
PLAN = Plan(2)


def stats_of(path: Path, **options: Any) -> Stats:
    return measure([open_table(path, exclude=("id",), **options)], MeasureOptions(), PLAN)[0]


def write(path: Path, stats: Stats, output: Path, *, inverse: bool = False, **options: Any) -> Outcome:
    source, chosen = open_to_apply(str(path), ReadOptions(), stats, inverse=inverse)
    return apply(source, chosen, str(output), ApplyOptions("center", inverse=inverse, **options), PLAN)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_indicators_mark_what_was_missing_and_an_inverse_removes_them(tmp_path: Path, end: str) -> None:
    train = save(tmp_path, TRAIN.replace("\n", end))
    stats, output, back = stats_of(train), tmp_path / "out.csv", tmp_path / "back.csv"
    outcome = write(train, stats, output, impute="mean", indicator=True)
    assert output.read_bytes().decode().split(end) == [
        'id,age,"in,come",note,age_missing,"in,come_missing"',
        "1,-20.0,-100.0,a,0,0",
        "2,0.0,0.0,b,1,0",
        '3,0.0,0.0,"c,d",0,1',
        "4,20.0,100.0,d,0,0",
        "",
    ]
    assert any("'age_missing', 'in,come_missing'" in note for note in outcome.notes)
    receipt = open_table(output).receipt
    assert receipt is not None
    assert receipt["indicators"] == {"age": "age_missing", "in,come": "in,come_missing"}
    write(output, stats, back, inverse=True)
    assert back.read_bytes().decode() == (
        'id,age,"in,come",note\n1,20.0,100.0,a\n2,,200.0,b\n3,40.0,,"c,d"\n4,60.0,300.0,d\n'.replace("\n", end)
    )


def test_cells_that_were_not_filled_keep_their_text(tmp_path: Path) -> None:
    train = save(tmp_path, TRAIN)
    stats = stats_of(train)
    write(train, stats, tmp_path / "out.csv", indicator=True)
    assert "2,NA,0.0,b,1,0" in (tmp_path / "out.csv").read_text()
    write(tmp_path / "out.csv", stats, tmp_path / "back.csv", inverse=True)
    assert "2,NA,200.0,b\n" in (tmp_path / "back.csv").read_text()


def test_the_statistics_decide_which_columns_there_are(tmp_path: Path) -> None:
    stats = stats_of(save(tmp_path, "id,age,pay\n1,20,5\n2,,7\n3,40,9\n"))
    test = save(tmp_path, "id,age,pay\n1,20,\n2,30,inf\n3,40,9\n", "test.csv")
    outcome = write(test, stats, tmp_path / "out.csv", impute="mean", indicator=True)
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert (lines[0], lines[1]) == ("id,age,pay,age_missing", "1,-10.0,0.0,0")
    (warning,) = (warning for warning in outcome.warnings if "no column marks them" in warning)
    assert "'pay'" in warning


def test_without_a_header_the_columns_are_counted_on(tmp_path: Path) -> None:
    train = save(tmp_path, "1,x,5\n,y,6\n3,z,7\n")
    stats = measure([open_table(train, header=False)], MeasureOptions(), PLAN)[0]
    write(train, stats, tmp_path / "out.csv", impute="mean", indicator=True)
    assert (tmp_path / "out.csv").read_text() == "-1.0,x,-1.0,0\n0.0,y,0.0,1\n1.0,z,1.0,0\n"
    write(tmp_path / "out.csv", stats, tmp_path / "back.csv", inverse=True)
    assert (tmp_path / "back.csv").read_text() == "1.0,x,5.0\n,y,6.0\n3.0,z,7.0\n"


def test_a_column_of_the_same_name_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    train = save(tmp_path, "id,a,a_missing\n1,2,x\n2,,y\n")
    with pytest.raises(DataError, match="has a column 'a_missing' already"):
        write(train, stats_of(train), tmp_path / "out.csv", indicator=True)
    assert not (tmp_path / "out.csv").exists()
    train = save(tmp_path, "id,a,b,a_missing,b_missing\n1,2,3,x,x\n2,,,y,y\n")
    with pytest.raises(DataError, match=r"has columns 'a_missing', 'b_missing' already, .* cannot add them"):
        write(train, stats_of(train), tmp_path / "out.csv", indicator=True)


def test_only_tables_have_indicators(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((4, 3)))
    stats = make_stats(np.ones((4, 3)), "column", axes="NC", kind="npy")
    source = open_source(str(tmp_path / "a.npy"), ReadOptions(), None)
    with pytest.raises(UsageError, match="these data are not a table"):
        apply(source, stats, str(tmp_path / "b.npy"), ApplyOptions(indicator=True), PLAN)
    train = save(tmp_path, TRAIN)
    with pytest.raises(UsageError, match="--inverse"):
        write(train, stats_of(train), tmp_path / "out.csv", inverse=True, indicator=True, force=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("mean", "mean"), (" MEAN ", "mean"), ("Median", "median"), ("0", 0.0), ("-1.5", -1.5), ("1e3", 1000.0)],
)
def test_what_fills_missing_values_is_the_mean_the_median_or_a_number(text: str, value: str | float) -> None:
    assert parse_impute(text) == value


@pytest.mark.parametrize("text", ["nan", "inf", "zero", "mode"])
def test_nothing_else_fills_missing_values(text: str) -> None:
    with pytest.raises(UsageError, match=f"--impute: '{text}' is neither mean, median, none nor a number"):
        parse_impute(text)


@pytest.mark.parametrize("per", ["column", "all"])
def test_a_value_is_filled_in_the_scale_of_the_data(per: str) -> None:
    values = np.array([[1.0, 10.0], [np.nan, 30.0], [3.0, np.inf]])
    stats = make_stats(values, per, axes="NC", names=("a", "b"))
    spec = Spec("csv", "NC", values.shape[1:], values.dtype, ("a", "b"))
    made = make_transform(stats, spec, np.dtype("f8"), impute=7.0)
    written, _ = made.apply_values(values)
    mean, std = np.broadcast_to(stats.moments.mean, (2,)), np.broadcast_to(stats.moments.std(), (2,))
    np.testing.assert_allclose(written[[1, 2], [0, 1]], (7.0 - mean) / std, rtol=1e-15)
    kept: Sequence[int] = (1,) if per == "column" else ()
    found, derived = Moments.from_block(written, tuple(kept)), made.predict(stats.moments)
    for name in ("count", "mean", "m2", "min", "max", "missing"):
        np.testing.assert_allclose(getattr(derived, name), getattr(found, name), rtol=1e-13, atol=1e-13)
    back = make_transform(stats, spec, np.dtype("f8"), inverse=True, impute=7.0)
    assert back.apply_values(np.array([[np.nan, 0.0]]))[0][0, 0] == 7.0


def test_what_is_written_is_expected_with_a_value_filled_in(tmp_path: Path) -> None:
    rows = "".join(f"{number},{number if number % 3 else ''}\n" for number in range(60))
    train = save(tmp_path, "id,x\n" + rows)
    stats = stats_of(train)
    outcome = write(train, stats, tmp_path / "out.csv", impute=1000.0)
    assert not any("not like those" in warning for warning in outcome.warnings)
    assert outcome.written is not None
    written = np.loadtxt(tmp_path / "out.csv", delimiter=",", skiprows=1)[:, 1]
    np.testing.assert_allclose(outcome.written.mean, [written.mean()])
    np.testing.assert_allclose(outcome.written.std, [written.std()])
    assert written[0] == 1000.0 - stats.moments.mean[0]


def test_the_receipt_keeps_a_number_and_drops_what_is_not_possible() -> None:
    start = '{"format": "zm-receipt", '
    assert parse_receipt(start + '"impute": 0.5, "indicators": {"a": "b"}}') == {
        "format": "zm-receipt",
        "impute": 0.5,
        "indicators": {"a": "b"},
    }
    assert parse_receipt(start + '"impute": [1], "indicators": {"a": 1}}') == {"format": "zm-receipt"}
