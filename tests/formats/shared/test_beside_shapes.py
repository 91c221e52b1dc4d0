"""Arrays beside the data: which shapes fit."""

from __future__ import annotations

import pytest

from zm_cli.data.options import Option
from zm_cli.errors import UsageError
from zm_cli.formats.shared.beside_shapes import find_entry_axis, fit_mask, may_be_beside
from zm_cli.formats.shared.options import BY, MASK, WEIGHT


@pytest.mark.parametrize(("shape", "axis"), [((5,), 0), ((5, 1), 0), ((1, 5), 1), ((1, 1, 5), 2)])
def test_one_axis_has_the_entries(shape: tuple[int, ...], axis: int) -> None:
    assert find_entry_axis(BY, shape, 5, "y") == axis


@pytest.mark.parametrize(
    ("option", "shape", "message"),
    [
        (BY, (4,), r"y: has the shape \(4,\), but there are 5 samples; --by takes one label for each sample"),
        (WEIGHT, (5, 2), r"has the shape \(5, 2\), but there are 5 samples; --weight takes one weight for each sample"),
        (BY, (5, 3), r"not one label for each of 5 samples; for one-hot labels, .* labels.argmax\(axis=1\)"),
    ],
)
def test_other_numbers_of_entries_are_refused(option: Option[str], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_entry_axis(option, shape, 5, "y")


@pytest.mark.parametrize(
    ("mask", "letters", "fit"),
    [
        ((9, 4, 5, 3), "NHWC", (0, (4, 5, 3))),
        ((9, 4, 5), "NHWC", (0, (4, 5, 1))),
        ((9, 4, 5, 1), "NHWC", (0, (4, 5, 1))),
        ((9, 4), "NHWC", (0, (4, 1, 1))),
        ((9,), "NHWC", (0, (1, 1, 1))),
        ((9, 5, 3), "NCHW", (0, (1, 5, 3))),
        ((4, 5, 3), "HWCN", None),
        ((9, 4, 5), "NUVX", (0, (4, 5, 1))),
        ((9, 5, 4), "NHWC", None),
        ((1, 4, 5, 3), "NHWC", None),
        ((8,), "NHWC", None),
        ((), "NHWC", None),
    ],
)
def test_a_mask_has_the_axes_of_the_data_or_the_first_ones(
    mask: tuple[int, ...], letters: str, fit: tuple[int, tuple[int, ...]] | None
) -> None:
    shape = (9, 4, 5, 3)
    if fit is not None:
        assert fit_mask(mask, shape, letters, "m") == fit
        return
    with pytest.raises(UsageError, match=r"m: has the shape .*, the data have"):
        fit_mask(mask, shape, letters, "m")


def test_a_mask_follows_the_axis_of_the_samples() -> None:
    assert fit_mask((4, 5, 9), (4, 5, 3, 9), "HWCN", "m") == (2, (4, 5, 1))
    assert fit_mask((9,), (4, 5, 3, 9), "HWCN", "m") == (0, (1, 1, 1))


def test_what_can_be_beside_the_data_is_seen_by_its_shape() -> None:
    possible = [(BY, (5, 1)), (MASK, (5, 2)), (WEIGHT, (5, 2)), (BY, ()), (MASK, (0, 2))]
    assert [may_be_beside(option, shape) for option, shape in possible] == [True, True, False, False, False]
