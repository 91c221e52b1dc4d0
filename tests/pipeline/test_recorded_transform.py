"""What is recorded of a transform is what its receipt records, and covers every setting."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from zm_cli.methods.shared.settings import Settings
from zm_cli.pipeline.recorded_transform import spell_transform
from zm_cli.statsfile.saved_transform import SETTINGS


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
