"""Axes: the possible values of `--per`, and how statistics broadcast against the data."""

from __future__ import annotations

import numpy as np
import pytest

from zm_cli.data.spec import Spec
from zm_cli.errors import UsageError
from zm_cli.numbers.axes import choose_per, find_broadcast_shape, find_feature_axes, find_feature_shape


def spec(axes: str, *shape: int | None) -> Spec:
    return Spec("hdf5", axes, shape, np.dtype("float32"))


@pytest.mark.parametrize(
    ("data", "default"),
    [
        (spec("N"), "all"),
        (spec("NC", 4), "column"),
        (spec("NHW", 8, 8), "channel"),
        (spec("NHWC", 8, 8, 3), "channel"),
        (spec("NDHWC", 2, 8, 8, 3), "channel"),
    ],
)
def test_the_default_follows_from_the_axes(data: Spec, default: str) -> None:
    assert choose_per(data, None, "data") == default


def test_an_impossible_choice_names_the_possible_ones() -> None:
    with pytest.raises(UsageError, match="column, all"):
        choose_per(spec("NC", 4), "pixel", "data")
    with pytest.raises(UsageError, match="channel, pixel, all"):
        choose_per(spec("NHWC", 8, 8, 3), "column", "data")


def test_unclear_axes_need_a_choice_except_per_pixel() -> None:
    for asked in (None, "channel"):
        with pytest.raises(UsageError, match="--layout NHWC or NCHW"):
            choose_per(spec("NUVX", 8, 8, 8), asked, "data")
    assert choose_per(spec("NUVX", 8, 8, 8), "pixel", "data") == "pixel"


@pytest.mark.parametrize(
    ("data", "per", "kept", "features", "broadcast"),
    [
        (spec("NHWC", 4, 5, 3), "channel", (3,), (3,), (1, 1, 1, 3)),
        (spec("NCHW", 3, 4, 5), "channel", (1,), (3,), (1, 3, 1, 1)),
        (spec("NHWC", None, None, 3), "channel", (3,), (3,), (1, 1, 1, 3)),
        (spec("NHW", 4, 5), "channel", (), (1,), (1, 1, 1)),
        (spec("NHWC", 4, 5, 3), "pixel", (1, 2, 3), (4, 5, 3), (1, 4, 5, 3)),
        (spec("NC", 6), "column", (1,), (6,), (1, 6)),
        (spec("NC", 6), "all", (), (1,), (1, 1)),
        (spec("N"), "all", (), (1,), (1,)),
    ],
)
def test_features_and_their_shape_in_a_block(
    data: Spec, per: str, kept: tuple[int, ...], features: tuple[int, ...], broadcast: tuple[int, ...]
) -> None:
    assert find_feature_axes(data.axes, per) == kept  # type: ignore[arg-type]
    assert find_feature_shape(data, per) == features  # type: ignore[arg-type]
    assert find_broadcast_shape(features, data.axes, per) == broadcast  # type: ignore[arg-type]
