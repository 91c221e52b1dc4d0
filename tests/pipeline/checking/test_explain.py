"""Notes on checks say what is known of the data, and why they may fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.inprocess import call_zm
from tests.pipeline.checking.tables import table
from zm_cli.methods import methods
from zm_cli.methods.shared.settings import Settings
from zm_cli.pipeline.checking.check import check_stats
from zm_cli.pipeline.checking.explain import explain_damage, explain_method
from zm_cli.pipeline.checking.limits import TOLERANCE
from zm_cli.pipeline.checking.making import Goal, Making

VALUES = table([[0.0, 0.0], [0.5, 1.0], [1.0, 0.2]])
USUAL = "checked as by zm scale --method minmax --range 0,1"
OTHERS = "(--check takes the name of another method, too)"


def list_notes(goal: Goal, making: Making | None = None) -> list[str]:
    return check_stats("x", VALUES, goal, TOLERANCE, making).outcome.notes


def test_without_a_receipt_the_usual_method_is_checked_and_named() -> None:
    found = check_stats("x", VALUES, Goal("scaled"), TOLERANCE)
    assert found.ok
    assert found.outcome.notes == [f"x: no receipt says how it was scaled; {USUAL} {OTHERS}"]
    assert (found.to_document()["method"], found.to_document()["expected"]) == ("minmax", {"min": 0.0, "max": 1.0})
    assert list_notes(Goal("centered")) == []


def test_a_method_that_is_asked_for_is_spelled_with_its_settings() -> None:
    assert list_notes(Goal("scaled", "minmax")) == [f"x: {USUAL}"]
    assert list_notes(Goal("scaled", "maxabs")) == []
    made = Making(methods()["quantile"], Settings(range=(5.0, 6.0)))
    assert list_notes(Goal("scaled", "minmax"), made) == [f"x: its receipt says that it is scaled (quantile); {USUAL}"]
    assert list_notes(Goal("scaled", "minmax"), Making(methods()["minmax"])) == []


def test_all_settings_of_the_checked_method_are_named_if_they_change_something() -> None:
    made = Making(methods()["pca"], Settings(ddof=1, epsilon=1e-6, impute="mean"))
    spelled = "checked as by zm whiten --method pca --ddof 1 --epsilon 1e-06"
    assert explain_damage("x", Goal("whitened"), replace(made, lacking=("components",))) == [
        f"x: its receipt is damaged and does not say which --components; {spelled}"
    ]
    assert explain_method("x", Goal("scaled", "quantile", (-1.0, 0.1)), Making()) == [
        "x: checked as by zm scale --method quantile --range -1,0.1 --quantiles 1,99"
    ]


def test_a_receipt_that_does_not_say_how_data_were_scaled_is_told_of() -> None:
    why = "its receipt names a method that this zm does not know (foo), so that it is not known how it was scaled"
    assert list_notes(Goal("scaled"), Making(unknown="foo")) == [f"x: {why}; {USUAL} {OTHERS}"]
    making = Making(methods()["minmax"], Settings(clip=True), lacking=("range",))
    damaged = check_stats("x", VALUES, Goal("scaled"), TOLERANCE, making).outcome
    assert damaged.warnings == [f"x: its receipt is damaged and does not say which --range; {USUAL} --clip"]
    assert not check_stats("x", VALUES, Goal("scaled", None, (0.0, 1.0)), TOLERANCE, making).outcome.warnings


@pytest.fixture
def holes(tmp_path: Path) -> Path:
    """A table of correlated columns with missing values, and statistics of half of it."""
    random = np.random.default_rng(3)
    values = random.normal(size=(400, 3)) @ random.normal(size=(3, 3)) + 5
    rows = [[f"{value:.9g}" for value in row] for row in values.tolist()]
    for row in rows[::9]:
        row[0] = ""
    lines = [",".join(row) for row in rows]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c", *lines]) + "\n")
    (tmp_path / "half.csv").write_text("\n".join(["a,b,c", *lines[:200]]) + "\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> Any:
    return call_zm(*arguments, cwd=folder)


@pytest.mark.parametrize(
    ("command", "state", "impute", "expected"),
    [
        (["whiten"], "whitened", "mean", "and the covariance is that of the samples without missing values, so means "),
        (["whiten"], "whitened", "7", "and the covariance is that of the samples without missing values, so means "),
        (["standardize"], "standardized", "median", "which moves means and standard deviations"),
        (["standardize"], "standardized", "7", "which moves means and standard deviations"),
        (["standardize"], "standardized", "mean", None),
        (["scale", "--method", "quantile"], "scaled", "mean", "which may move quantiles: less is checked of these"),
    ],
)
def test_imputed_values_are_told_of_where_they_may_fail_a_check(
    holes: Path, command: list[str], state: str, impute: str, expected: str | None
) -> None:
    assert run(holes, *command, "t.csv", "--impute", impute, "-o", "out.csv").code == 0
    notes = run(holes, "inspect", "out.csv", "--check", state).err
    assert ("missing values were filled with" in notes) == (expected is not None)
    assert (expected or "") in notes


def test_whitened_rows_that_were_filled_in_raise_standard_deviations(holes: Path) -> None:
    """The note says that they may rise or fall; here they rise, as the rows with gaps have large other values."""
    table_text = (holes / "t.csv").read_text().splitlines()
    far = [line if line[0] != "," else ",40,-40" for line in table_text]
    (holes / "t.csv").write_text("\n".join(far) + "\n")
    assert run(holes, "whiten", "t.csv", "--impute", "mean", "-o", "out.csv").code == 0
    ran = run(holes, "inspect", "out.csv", "--check", "whitened")
    assert ran.code == 1
    assert " > 1.001" in ran.out
    assert "standard deviations may rise or fall" in ran.err


@pytest.mark.parametrize("method", ["minmax", "robust", "quantile"])
def test_data_that_fail_by_statistics_of_other_data_are_told_of(holes: Path, method: str) -> None:
    assert run(holes, "scale", "half.csv", "--method", method, "-o", "train.csv").code == 0
    statistics = ["--stats", "train.csv.stats.json", "--method", method]
    assert run(holes, "scale", "t.csv", *statistics, "-o", "test.csv").code == 0
    told = "its receipt names statistics that are not in test.csv.stats.json; if they are those of other data"
    failed = run(holes, "inspect", "test.csv", "--check", "scaled")
    assert (failed.code, told in failed.err) == (1, True)
    passed = run(holes, "inspect", "train.csv", "--check", "scaled")
    assert (passed.code, passed.err) == (0, "")
    # Of its own statistics, it is not said that they may be those of other data.
    assert "other data" not in run(holes, "inspect", "train.csv", "--check", "scaled", "--tolerance", "0").err
