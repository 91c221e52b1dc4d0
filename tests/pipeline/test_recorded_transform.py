"""What is recorded of a transform covers every setting, and is spelled as its command."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from tests.made import make_stats
from zm_cli.methods.shared.settings import Settings
from zm_cli.outputs.recorded_settings import SETTINGS
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.recorded_transform import find_other_transform, spell_transform
from zm_cli.statsfile.stats import Stats


def test_every_setting_of_a_method_can_be_recorded() -> None:
    assert set(SETTINGS) == {field.name for field in fields(Settings)}


@pytest.mark.parametrize(
    ("recorded", "spelled"),
    [
        ({"operation": "center"}, "zm center"),
        ({"operation": "center", "impute": 0}, "zm center --impute 0"),
        ({"operation": "standardize", "ddof": 1, "epsilon": 0.0}, "zm standardize --ddof 1"),
        (
            {"operation": "scale", "method": "quantile", "range": [-1.0, 0.1], "clip": True, "quantiles": [2.5, 99.0]},
            "zm scale --method quantile --range -1,0.1 --clip --quantiles 2.5,99",
        ),
        (
            {"operation": "whiten", "method": "pca", "ddof": 0, "epsilon": 1e-6, "components": 3, "impute": "mean"},
            "zm whiten --method pca --epsilon 1e-06 --components 3 --impute mean",
        ),
    ],
)
def test_a_recorded_transform_is_spelled_as_its_command(recorded: dict[str, Any], spelled: str) -> None:
    assert spell_transform(recorded) == spelled


def find_other(saved: dict[str, Any], applying: ApplyOptions) -> str | None:
    """Returns what is said of statistics that were saved for a transform, and are applied with these options."""
    stats: Stats = make_stats(np.arange(12.0).reshape(4, 3), "column", axes="NC", kind="csv")
    return find_other_transform("s.json", replace(stats, transform=saved), applying)


STANDARDIZED = {"operation": "standardize", "ddof": 1, "epsilon": 0.0, "impute": "mean"}
SCALED = {"operation": "scale", "method": "minmax", "range": [0.0, 1.0], "clip": False}
SAME_OPTIONS = "; data for the same use need the same options"


@pytest.mark.parametrize(
    ("saved", "applying"),
    [
        (STANDARDIZED, ApplyOptions(operation="standardize", ddof=1, impute="mean")),
        (SCALED, ApplyOptions(operation="scale", method="minmax")),
        (SCALED, ApplyOptions(operation="scale", method="minmax", range=(0.0, 1.0))),
        (SCALED, ApplyOptions(operation="scale", method="minmax", dtype="float64", force=True)),
    ],
)
def test_statistics_that_are_applied_as_they_were_saved_are_not_told_of(
    saved: dict[str, Any], applying: ApplyOptions
) -> None:
    assert find_other(saved, applying) is None


@pytest.mark.parametrize(
    ("saved", "applying", "difference"),
    [
        (SCALED, ApplyOptions(operation="scale", method="maxabs"), "scaled (minmax), these are scaled (maxabs)"),
        (SCALED, ApplyOptions(operation="center"), "scaled (minmax), these are centered"),
        (STANDARDIZED | {"operation": "normalize"}, ApplyOptions(), "transformed (normalize), these are centered"),
        (
            STANDARDIZED,
            ApplyOptions(operation="standardize", ddof=0, epsilon=0.5),
            "standardized with --ddof 1, --epsilon 0, --impute mean",
        ),
        (
            SCALED | {"range": [-1.0, 1.0]},
            ApplyOptions(operation="scale", method="minmax", clip=True),
            "scaled (minmax) with --range -1,1, no --clip",
        ),
    ],
)
def test_the_transform_that_statistics_were_saved_for_is_named_if_it_is_another(
    saved: dict[str, Any], applying: ApplyOptions, difference: str
) -> None:
    assert find_other(saved, applying) == f"s.json: the training data were {difference}{SAME_OPTIONS}"


def test_what_missing_values_became_does_not_matter_to_an_inverse() -> None:
    applying = ApplyOptions(operation="standardize", ddof=1)
    told = find_other(STANDARDIZED, applying)
    assert told == f"s.json: the training data were standardized with --impute mean{SAME_OPTIONS}"
    assert find_other(STANDARDIZED, replace(applying, inverse=True)) is None
    assert find_other(STANDARDIZED, replace(applying, inverse=True, ddof=0)) is not None


def test_statistics_that_were_saved_for_no_transform_are_not_told_of() -> None:
    stats = make_stats(np.arange(12.0).reshape(4, 3), "column", axes="NC", kind="csv")
    assert find_other_transform("s.json", stats, ApplyOptions(operation="standardize")) is None
