"""The arrays of moments in a stats file: they restore the same bits, and those that contradict others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.bits import SMALL, assert_same_bits, draw_integers, make_moments
from zm_cli.numbers.moments.arrays import ARRAYS, SUMS, WEIGHTS
from zm_cli.numbers.moments.integer_sums import IntegerSums
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import FieldError, Population
from zm_cli.numbers.stored import find_unit_divisor


@given(hnp.arrays(np.float64, (9, 2), elements=st.floats(-1e150, 1e150) | st.just(np.nan)), st.integers(0, 9))
def test_the_arrays_of_a_stats_file_give_back_the_same_bits(values: NDArray[np.float64], cut: int) -> None:
    moments = Moments.from_block(values[:cut], (1,)).merge(Moments.from_block(values[cut:], (1,)))
    assert set(moments.to_document()) == set(ARRAYS) - set(SUMS) - set(WEIGHTS)
    assert_same_bits(Moments.from_document(moments.to_document(), Population((2,), 9)), moments)


def test_moments_of_samples_of_several_sizes_need_the_same_total_for_all_features() -> None:
    arrays = Moments.from_block(np.array([[1.0, np.nan], [2.0, 3.0]]), (1,)).to_document()
    assert Moments.from_document(arrays, Population((2,), None)).count.tolist() == [2, 1]
    with pytest.raises(FieldError) as caught:
        Moments.from_document(arrays | {"missing": np.array([0, 0])}, Population((2,), None))
    assert caught.value.field == "count"


def test_arrays_without_a_tail_have_a_tail_of_zeros() -> None:
    arrays = Moments.from_block(1e9 + np.arange(6.0).reshape(3, 2) / 7, (1,)).to_document()
    del arrays["tail"]
    assert not Moments.from_document(arrays, Population((2,), 3)).tail.any()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("tail", 1e-3), ("tail", np.nan), ("m2", -1.0), ("mean", 9.0), ("min", 5.0), ("std", 2.0), ("var", 0.0)),
        *(("count", 4), ("count", -1), ("missing", 1), ("max", np.inf)),
    ],
)
def test_arrays_that_contradict_one_another_are_refused_by_the_name_of_a_field(field: str, value: float) -> None:
    arrays = Moments.from_block(np.array([[1.0], [2.0], [4.0]]), (1,)).to_document()
    with pytest.raises(FieldError) as caught:
        Moments.from_document(arrays | {field: np.array([value]).astype(arrays[field].dtype)}, Population((1,), 3))
    assert caught.value.field == {"missing": "count"}.get(field, field)


def test_a_feature_without_values_has_no_numbers_in_a_stats_file() -> None:
    arrays = Moments.identity((1,)).to_document()
    assert np.isnan([arrays[field].item() for field in ("mean", "std", "var", "min", "max")]).all()
    with pytest.raises(FieldError, match="a feature with count 0"):
        Moments.from_document(arrays | {"mean": np.zeros(1)}, Population((1,), 0))


def measure_integers(dtype: str = "uint8", *, unit: bool = False) -> tuple[Moments, Population]:
    """The moments of three features, the last without values, and what a stats file says about them."""
    values = draw_integers(dtype, (50, 3), seed=1)
    values[:, 2] = 5
    divisor = find_unit_divisor(values.dtype) if unit else 1.0
    moments = Moments.from_block(values, (1,), (5.0,)).divide(divisor)
    return moments, Population((3,), 50, divisor=divisor)


@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("dtype", SMALL[1:])
def test_sums_of_integers_come_back(dtype: str, unit: bool) -> None:
    moments, population = measure_integers(dtype, unit=unit)
    arrays = moments.to_document()
    assert arrays["sum"][2] == arrays["squares"][2] == moments.count[2] == 0
    back = Moments.from_document(arrays, population)
    assert back.integer_sums is not None
    assert_same_bits(back, moments)


def test_sums_of_integers_come_back_from_wider_and_unsigned_arrays() -> None:
    moments, population = measure_integers()
    arrays = moments.to_document()
    changed: dict[str, NDArray[Any]] = {
        "sum": arrays["sum"].astype(np.uint64),
        "squares": arrays["squares"].astype(np.int32),
    }
    assert_same_bits(Moments.from_document(arrays | changed, population), moments)


def test_high_squares_come_back() -> None:
    count, (high, low) = np.array([2**45]), divmod(65535**2 * 2**45, 2**62)
    sums = IntegerSums(65535 * count, np.array([low]), np.array([high]))
    ends = np.array([65535.0])
    moments = make_moments(count, sums, ends)
    arrays = moments.to_document()
    assert_same_bits(Moments.from_document(arrays, Population((1,), 2**45)), moments)
    del arrays["squares_high"]
    with pytest.raises(FieldError, match="does not follow") as caught:
        Moments.from_document(arrays, Population((1,), 2**45))
    assert caught.value.field == "squares"


def test_arrays_without_sums_of_integers_have_none() -> None:
    moments, population = measure_integers()
    arrays = {field: array for field, array in moments.to_document().items() if field not in SUMS}
    assert Moments.from_document(arrays, population).integer_sums is None


@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("sum", lambda array: array + np.array([1, 0, 0])),
        ("sum", lambda array: -array),
        ("sum", lambda array: array + np.array([0, 0, 1])),
        ("sum", lambda array: array.astype(np.uint64) + np.array([2**63, 0, 0], np.uint64)),
        ("sum", lambda array: array + np.array([2**62, 0, 0])),
        ("sum", lambda array: array - np.array([2**62, 0, 0])),
        ("squares", lambda array: array + np.array([1, 0, 0])),
        ("squares", lambda array: array - np.array([0, 1, 0])),
        ("squares", lambda array: array * 0),
        ("squares", lambda array: array + np.array([0, 0, 1])),
        ("squares", lambda array: array + np.array([2**62, 0, 0])),
        ("squares", lambda array: array - np.array([2**62, 0, 0])),
        ("squares", lambda array: array.astype(np.uint64) + np.array([2**63, 0, 0], np.uint64)),
        ("squares_high", lambda array: np.array([0, 0, 1])),
        ("squares_high", lambda array: np.array([0, -1, 0])),
    ],
)
def test_sums_that_contradict_the_rest_are_refused_by_name(field: str, change: Any, unit: bool) -> None:
    moments, population = measure_integers(unit=unit)
    arrays = moments.to_document()
    with pytest.raises(FieldError) as caught:
        Moments.from_document(arrays | {field: change(arrays.get(field))}, population)
    assert caught.value.field == field


@pytest.mark.parametrize(("gone", "field"), [(["sum"], "sum"), (["squares"], "squares"), (["sum", "squares"], "sum")])
def test_a_part_of_the_sums_is_refused(gone: list[str], field: str) -> None:
    moments, population = measure_integers()
    arrays = moments.to_document() | {"squares_high": np.zeros(3, np.int64)}
    for name in gone:
        del arrays[name]
    with pytest.raises(FieldError, match="is not there") as caught:
        Moments.from_document(arrays, population)
    assert caught.value.field == field


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("divisor", [1.0, 255.0])
@pytest.mark.parametrize("values", [[0.5, 1.5], [-40000.0, 2.0], [1.0, 65536.0], [1e150, -1e150], [-1.0, 1e19]])
def test_sums_of_values_that_16_bits_do_not_hold_are_refused(values: list[float], divisor: float) -> None:
    arrays = Moments.from_block(np.array(values), ()).to_document() | {"sum": np.array([2]), "squares": np.array([2])}
    for high in (arrays["max"], np.array([1.7e308])):
        with pytest.raises(FieldError, match="not integers of 8 or 16 bits") as caught:
            Moments.from_document(arrays | {"max": high}, Population((1,), 2, divisor=divisor))
        assert caught.value.field == "sum"


def test_sums_in_another_scale_than_the_moments_are_refused() -> None:
    moments, _ = measure_integers(unit=True)
    for divisor in (1.0, 127.0):
        with pytest.raises(FieldError):
            Moments.from_document(moments.to_document(), Population((3,), 50, divisor=divisor))
