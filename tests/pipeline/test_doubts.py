"""Columns that look like ids or labels are pointed out, and data that look transformed already; nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made import make_stats
from tests.pipeline.applying.writing import measure_all
from zm_cli.inputs.option_text import spell_names
from zm_cli.methods import methods
from zm_cli.pipeline.doubts import doubt_method, find_binary_columns
from zm_cli.pipeline.options import Purpose

RANDOM = np.random.default_rng(11)
ROWS = 200
AGE = RANDOM.integers(18, 90, ROWS)
INCOME = RANDOM.normal(50_000, 9_000, ROWS).round(2)
FLAG = RANDOM.integers(0, 2, ROWS)


def save(tmp_path: Path, **columns: Any) -> Path:
    path = tmp_path / "table.csv"
    names = {name: list(values) for name, values in columns.items()}
    rows = zip(*names.values(), strict=True)
    path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def told(path: Path, purpose: Purpose | None = "stats", **options: Any) -> list[str]:
    return measure_all(path, purpose=purpose, **options).told


@pytest.mark.parametrize(
    "ids",
    [
        np.arange(1, ROWS + 1),
        np.arange(ROWS)[::-1] * 3 + 1000,
        np.cumsum(RANDOM.integers(1, 50, ROWS)),
        RANDOM.permutation(ROWS) + 500,
        RANDOM.permutation(10 * ROWS)[:ROWS],
    ],
    ids=["rising", "falling", "with gaps", "shuffled", "a shuffled part"],
)
def test_a_column_of_different_whole_numbers_looks_like_an_id(tmp_path: Path, ids: np.ndarray) -> None:
    path = save(tmp_path, number=ids, age=AGE, income=INCOME)
    (sentence,) = told(path)
    assert sentence == (
        "columns that look like an id or a row number (whole numbers, all different): 'number'; "
        "to leave them as they are, --exclude number"
    )
    assert told(path, purpose=None) == []
    assert told(path, exclude=("number",)) == []
    assert told(path, columns=("number", "age")) == []


def test_far_apart_numbers_are_an_id_by_their_name(tmp_path: Path) -> None:
    far = RANDOM.permutation(10**7)[:50]
    assert len(told(save(tmp_path, CustomerId=far, age=AGE[:50]))) == 1
    assert told(save(tmp_path, population=far, age=AGE[:50])) == []


def test_no_id_is_reported_below_ten_rows(tmp_path: Path) -> None:
    assert told(save(tmp_path, rooms=[3, 4, 5, 6], price=[400000, 500000, 600000, 700000], flag=[0, 1, 1, 0])) == []


def test_an_id_with_a_gap_or_twice_is_not_one(tmp_path: Path) -> None:
    ids = np.arange(ROWS).astype(str)
    for change in ("", "7", "0.5"):
        assert told(save(tmp_path, id=[*ids[:-1], change], age=AGE)) == []


def test_a_column_of_0_and_1_looks_like_a_label(tmp_path: Path) -> None:
    (sentence,) = told(save(tmp_path, age=AGE, income=INCOME, sold=FLAG))
    assert (
        sentence == "columns that look like a label (only 0 and 1): 'sold'; to leave them as they are, --exclude sold"
    )


@pytest.mark.parametrize("values", [FLAG * 2, FLAG + 1, FLAG * 0.5, np.where(FLAG, RANDOM.random(ROWS), 0), FLAG * 0])
def test_other_columns_of_few_values_are_not_pointed_out_as_labels(tmp_path: Path, values: np.ndarray) -> None:
    assert not [sentence for sentence in told(save(tmp_path, age=AGE, x=values)) if "label" in sentence]


def test_features_of_0_and_1_are_not_labels(tmp_path: Path) -> None:
    flags = {f"{x}x{y}": RANDOM.integers(0, 2, ROWS) for x in range(2) for y in range(3)}
    assert told(save(tmp_path, age=AGE, **flags)) == []
    assert told(save(tmp_path, digit=AGE % 10, p1=AGE, p2=FLAG)) == []
    assert told(save(tmp_path, age=AGE, smoker=FLAG, income=INCOME)) == []
    assert told(save(tmp_path, HasCard=FLAG, age=AGE, IsActive=FLAG, kind=["x"] * ROWS)) == []


def test_a_label_among_others_of_0_and_1_is_found_by_its_name(tmp_path: Path) -> None:
    (sentence,) = told(save(tmp_path, RowNumber=range(ROWS), HasCard=FLAG, age=AGE, IsActive=FLAG, Exited=FLAG))
    assert sentence.endswith("--exclude RowNumber,Exited")
    (sentence,) = told(save(tmp_path, id=range(ROWS), survived=FLAG, sex=FLAG, age=AGE))
    assert sentence.endswith("--exclude id,survived")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("year", np.arange(1900, 1900 + ROWS)),
        ("x", np.arange(1800, 1800 + ROWS)),
        ("timestamp", np.arange(ROWS) * 60),
        ("t", 1_700_000_000 + np.arange(ROWS) * 60),
        ("t", (1_700_000_000 + np.arange(ROWS) * 60) * 1000),
        ("x", 20260101 + np.arange(ROWS) % 28 + np.arange(ROWS) // 28 * 100),
    ],
)
def test_years_and_times_are_not_ids(tmp_path: Path, name: str, values: np.ndarray) -> None:
    assert told(save(tmp_path, **{name: values, "income": INCOME})) == []
    assert len(told(save(tmp_path, id=values, income=INCOME))) == 1


def test_ids_and_labels_are_told_in_one_line(tmp_path: Path) -> None:
    (sentence,) = told(save(tmp_path, id=range(ROWS), age=AGE, sold=FLAG))
    assert sentence.endswith("'id'; like a label (only 0 and 1): 'sold'; to leave them as they are, --exclude id,sold")


def test_names_are_spelled_so_that_a_shell_and_zm_read_them() -> None:
    assert spell_names(["a", "b c", "d,e"]) == "'a,b c,\"d,e\"'"


def standardized(*, ddof: int = 0) -> dict[str, np.ndarray]:
    values = {name: RANDOM.gamma(2, 3, ROWS) for name in "abc"}
    return {name: ((value - value.mean()) / value.std(ddof=ddof)).round(6) for name, value in values.items()}


@pytest.mark.parametrize("ddof", [0, 1])
def test_data_that_look_standardized_cause_a_warning(tmp_path: Path, ddof: int) -> None:
    path = save(tmp_path, id=range(ROWS), **standardized(ddof=ddof), label=FLAG)
    (warning,) = measure_all(path, purpose="standardize").outcome.warnings
    assert warning.endswith(
        "looks standardized already (every mean is near 0, every deviation near 1); if so, give the original data"
    )
    assert measure_all(path).outcome.warnings == []
    assert "looks standardized already" in told(path)[-1]
    assert told(path, purpose=None) == []
    assert "looks centered already" in measure_all(path, purpose="center").outcome.warnings[0]


def test_centered_data_may_still_be_standardized(tmp_path: Path) -> None:
    path = save(tmp_path, **{name: 5 * values for name, values in standardized().items()})
    assert measure_all(path, purpose="standardize").outcome.warnings == []
    assert "looks centered already" in measure_all(path, purpose="center").outcome.warnings[0]


@pytest.mark.parametrize(("low", "high", "warned"), [(0.0, 1.0, True), (-1.0, 1.0, True), (0.0, 2.0, False)])
def test_data_that_lie_in_one_usual_range_look_scaled_by_their_extremes(low: float, high: float, warned: bool) -> None:
    values = RANDOM.random((ROWS, 3))
    scaled = (values - values.min(axis=0)) / (values.max(axis=0) - values.min(axis=0)) * (high - low) + low
    stats = make_stats(scaled, "column", axes="NC", names=("a", "b", "c"))
    why = f"every minimum is {low:g}, every maximum 1"
    assert doubt_method(stats, methods()["minmax"]) == (why if warned else None)
    assert [doubt_method(stats, methods()[method]) for method in ("robust", "quantile", "maxabs")] == [None] * 3


def test_columns_of_0_and_1_do_not_look_scaled() -> None:
    stats = make_stats(RANDOM.integers(0, 2, (ROWS, 3)), "column", axes="NC", names=("a", "b", "c"))
    assert doubt_method(stats, methods()["minmax"], find_binary_columns(stats)) is None


@pytest.mark.parametrize("purpose", ["center", "standardize"])
def test_data_that_are_not_standardized_cause_no_warning(tmp_path: Path, purpose: Purpose) -> None:
    made = standardized()
    for columns in ({"a": made["a"]}, {**made, "income": INCOME}, {name: values[:8] for name, values in made.items()}):
        assert measure_all(save(tmp_path, **columns), purpose=purpose).outcome.warnings == []
