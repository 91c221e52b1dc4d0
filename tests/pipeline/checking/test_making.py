"""What data are checked for follows from what is asked and what their receipt says."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from zm_cli.errors import UsageError
from zm_cli.methods import checked_method, methods
from zm_cli.methods.shared.settings import Settings
from zm_cli.outputs.receipt import DONE
from zm_cli.pipeline.checking.check_measures import MEASURES
from zm_cli.pipeline.checking.making import Goal, Making
from zm_cli.pipeline.options import State

STANDARDIZE, CENTER = methods()["standardize"], methods()["center"]


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (None, Making()),
        ({"operation": "center", "per": "pixel"}, Making(CENTER, per="pixel")),
        ({"operation": "standardize", "per": "column"}, Making(STANDARDIZE)),
        ({"operation": "standardize", "ddof": 1, "epsilon": 0.5}, Making(STANDARDIZE, Settings(ddof=1, epsilon=0.5))),
        ({"operation": "standardize", "impute": "mean", "ddof": 7}, Making(STANDARDIZE, Settings(impute="mean"))),
        ({"operation": "standardize", "ddof": 1, "inverse": True, "per": "pixel"}, Making()),
        (
            {"operation": "scale", "method": "quantile", "range": [0, 1], "clip": True, "quantiles": [5, 95]},
            Making(methods()["quantile"], Settings(range=(0, 1), clip=True, quantiles=(5, 95))),
        ),
        (
            {"operation": "scale", "method": "quantile", "range": [0, 1]},
            Making(methods()["quantile"], Settings(range=(0, 1)), lacking=("clip", "quantiles")),
        ),
        ({"operation": "scale", "method": "unknown", "range": [5, 6], "per": "pixel"}, Making(unknown="unknown")),
    ],
)
def test_a_receipt_says_how_data_were_made(receipt: Any, expected: Making) -> None:
    assert Making.from_receipt(receipt, "NHWC") == expected


@pytest.mark.parametrize(
    ("making", "state", "noise", "smaller"),
    [
        (Making(), "standardized", 0.0, False),
        (Making(CENTER), "centered", 1e-12, False),
        (Making(STANDARDIZE), "standardized", 1e-6, False),
        (Making(STANDARDIZE), "centered", 1e-6, False),
        (Making(STANDARDIZE, Settings(epsilon=0.5)), "standardized", 1e-6, True),
        (Making(STANDARDIZE, Settings(impute="mean")), "standardized", 1e-6, True),
        (Making(methods()["minmax"]), "standardized", 0.0, False),
    ],
)
def test_rounding_errors_are_expected_of_what_zm_has_made(
    making: Making, state: State, noise: float, smaller: bool
) -> None:
    expected = making.expect(Goal(state))
    assert expected.noise == noise
    assert any(target.or_less for target in expected.targets) == smaller


def test_every_method_says_what_to_expect_in_measures_that_there_are() -> None:
    for method in methods().values():
        expected = method.expect(method.complete(Settings()))
        assert {target.measure for target in expected.targets} <= {*MEASURES, "shift"}
        assert expected.constant in MEASURES
        assert expected.targets
    assert set(get_args(State)) == set(DONE.values())
    usual = [Making().choose_method(Goal(state)).name for state in get_args(State)]
    assert usual == [checked_method(command).name for command in DONE] == ["center", "standardize", "minmax", "pca"]


@pytest.mark.parametrize("name", methods())
def test_a_goal_has_the_name_of_a_method_or_of_the_state_that_it_makes(name: str) -> None:
    state = DONE[methods()[name].command]
    assert Goal.parse(name) == Goal(state, name)  # type: ignore[arg-type]
    assert Goal.parse(state, (0.0, 2.0)) == Goal(state, None, (0.0, 2.0))  # type: ignore[arg-type]


def test_settings_of_another_method_are_not_those_of_the_one_that_is_asked_for() -> None:
    made = Making(methods()["minmax"], Settings(range=(-3.0, 3.0), clip=True, impute=5.0))
    assert made.choose_settings(Goal("scaled")) == Settings(range=(-3.0, 3.0), clip=True, impute=5.0)
    asked = made.choose_settings(Goal("scaled", "quantile"))
    assert asked == Settings(range=(-1.0, 1.0), quantiles=(1.0, 99.0), impute=5.0)
    assert made.choose_settings(Goal("scaled", "minmax", (0.0, 9.0))).range == (0.0, 9.0)


@pytest.mark.parametrize("goal", [Goal("scaled", "robust", (0.0, 1.0)), Goal("centered", None, (0.0, 1.0))])
def test_a_range_is_refused_for_methods_that_have_none(goal: Goal) -> None:
    with pytest.raises(UsageError, match=r"does not take it; .* --check minmax or --check quantile"):
        Making().expect(goal)
