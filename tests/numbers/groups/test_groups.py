"""Groups of samples: each has the statistics of its samples, for any blocks and parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight

from tests.bits import assert_same_bits, draw_integers
from tests.systems import examples
from zm_cli.data.block import Labels
from zm_cli.errors import DataError
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.groups import block as group_block
from zm_cli.numbers.groups import groups as limits
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weighted_block import measure_block
from zm_cli.statistics.covariance import Covariance
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statistics.zeros import Zeros

NAMES = ("b", "a", "10", "9")
RANDOM = np.random.default_rng(1)
CODES = RANDOM.integers(-1, 4, 60)
VALUES = RANDOM.normal(5, 2, (60, 3))
SMALL = draw_integers("int16", (60, 3), seed=1)


def group(
    values: NDArray[Any],
    codes: NDArray[np.int64] = CODES,
    *,
    kept: tuple[int, ...] = (1,),
    missing_codes: tuple[float, ...] = (),
    weights: NDArray[np.float64] | None = None,
    names: tuple[str, ...] = NAMES,
) -> Groups:
    """The groups of one block."""
    running = Accumulator(kept, missing_codes, (Zeros,) if weights is None else (), by="label")
    running.add_block(values, Labels(codes, names), weights)
    assert running.groups is not None
    return running.groups


def assert_same_groups(left: Groups, right: Groups, compare: Callable[[Moments, Moments], None]) -> None:
    assert (left.by, left.names, left.unlabelled) == (right.by, right.names, right.unlabelled)
    assert left.samples.tolist() == right.samples.tolist()
    compare(left.moments, right.moments)
    for mine, theirs in zip(left.statistics, right.statistics, strict=True):
        for one, two in zip(mine, theirs, strict=True):
            assert one.to_document()["zeros"].tolist() == two.to_document()["zeros"].tolist()


def assert_close(left: Moments, right: Moments) -> None:
    for field in ("count", "missing", "min", "max"):
        np.testing.assert_array_equal(getattr(left, field), getattr(right, field))
    np.testing.assert_allclose(left.mean, right.mean, rtol=1e-14)
    np.testing.assert_allclose(left.variance(1), right.variance(1), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int32", "uint64", "float16", "float32", "float64"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("weights", [None, RANDOM.random(60)], ids=["plain", "weights"])
def test_each_group_has_the_statistics_of_its_samples(
    dtype: str, order: Any, weights: NDArray[np.float64] | None
) -> None:
    values = np.array(np.abs(VALUES) > 5 if dtype == "bool" else np.abs(VALUES), dtype, order=order)
    found = group(values, missing_codes=(3,), weights=weights)
    assert found.names == ("10", "9", "a", "b")
    assert found.unlabelled == np.count_nonzero(CODES < 0)
    for name, samples, moments in zip(found.names, found.samples, found.moments.unstack(), strict=True):
        mine = NAMES.index(name) == CODES
        assert samples == np.count_nonzero(mine)
        assert_close(moments, measure_block(values[mine], (1,), (3,), None if weights is None else weights[mine]))


def test_samples_of_weight_0_do_not_count() -> None:
    weights = np.where(NAMES.index("a") == CODES, 0.0, np.arange(60) % 2)
    found = group(VALUES, weights=weights)
    counted = [np.count_nonzero((NAMES.index(name) == CODES) & (weights > 0)) for name in found.names]
    assert found.samples.tolist() == counted
    assert dict(zip(found.names, found.samples, strict=True))["a"] == 0


def test_class_weights_are_those_of_scikit_learn_and_unknown_without_samples() -> None:
    codes = CODES[CODES >= 0]
    expected = compute_class_weight("balanced", classes=np.unique(codes), y=codes)
    by_name = dict(zip([NAMES[code] for code in np.unique(codes)], expected, strict=True))
    found = group(VALUES)
    assert found.find_class_weights().tolist() == pytest.approx([by_name[name] for name in found.names], rel=1e-15)
    empty = replace(found, samples=np.array([0, 4, 1, 5]))
    np.testing.assert_allclose(empty.find_class_weights(), [np.nan, 10 / 12, 10 / 3, 10 / 15], rtol=1e-15)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("kept", [(), (1,), (3,), (1, 2, 3)])
@pytest.mark.parametrize("contiguous", [True, False])
def test_the_samples_of_arrays_are_along_the_first_axis(dtype: str, kept: tuple[int, ...], contiguous: bool) -> None:
    values = np.random.default_rng(2).uniform(0, 255, (60, 4, 3, 2)).astype(dtype)
    codes = np.sort(CODES) if contiguous else CODES
    found = group(values, codes, kept=kept)
    for name, moments in zip(found.names, found.moments.unstack(), strict=True):
        assert_close(moments, Moments.from_block(values[codes == NAMES.index(name)], kept))


@pytest.mark.parametrize("values", [SMALL, SMALL.astype(np.float64)], ids=["int16", "float64"])
def test_long_and_short_groups_are_measured_alike(values: NDArray[Any]) -> None:
    many = np.tile(values, (100, 1))
    codes = np.repeat(np.arange(4), [5000, 30, 1, 969])
    RANDOM.shuffle(codes)
    found = group(many, codes, missing_codes=(5,))
    for name, moments in zip(found.names, found.moments.unstack(), strict=True):
        compare = assert_same_bits if values.dtype == np.int16 else assert_close
        compare(moments, Moments.from_block(many[codes == NAMES.index(name)], (1,), (5,)))


def test_missing_infinite_and_huge_values_are_as_in_moments() -> None:
    values = np.array([[np.nan, 1e308], [np.inf, 1e308], [1.0, -1e308], [2.0, np.nan]])
    found = group(values, np.array([0, 0, 1, 1]))
    first, second = found.moments.unstack()
    assert_same_bits(second, Moments.from_block(values[:2], (1,)))
    assert first.mean.tolist() == [1.5, -1e308]
    assert second.count.tolist() == [0, 2]


def parts_of(data: st.DataObject, weights: NDArray[np.float64] | None, values: NDArray[Any]) -> list[Groups]:
    """The groups of consecutive parts of the samples, the names of each part in an order of its own."""
    cuts = sorted(data.draw(st.lists(st.integers(0, 60), max_size=6)))
    parts = []
    for start, stop in zip([0, *cuts], [*cuts, 60], strict=True):
        order = data.draw(st.permutations(range(4)))
        # Codes are indices into the names of the part, -1 stays.
        codes = np.append(np.argsort(order), -1)[CODES[start:stop]]
        some = None if weights is None else weights[start:stop]
        names = tuple(NAMES[index] for index in order)
        parts.append(group(values[start:stop], codes, weights=some, names=names))
    return parts


@settings(max_examples=examples(40), deadline=None)
@given(st.data())
def test_merging_any_parts_in_order_gives_the_same(data: st.DataObject) -> None:
    weights = data.draw(st.sampled_from([None, np.round(RANDOM.random(60), 1)]))
    whole = group(VALUES, weights=weights)
    assert_same_groups(reduce(Groups.merge, parts_of(data, weights, VALUES)), whole, assert_close)


@settings(max_examples=examples(40), deadline=None)
@given(st.data())
def test_merging_parts_of_small_integers_gives_the_same_bits(data: st.DataObject) -> None:
    found = reduce(Groups.merge, data.draw(st.permutations(parts_of(data, None, SMALL))))
    assert_same_groups(found, group(SMALL), assert_same_bits)


def test_no_groups_merged_with_some_are_those() -> None:
    none, some = Groups.identity("label", (3,)), group(SMALL)
    for merged in (none.merge(some), some.merge(none)):
        assert_same_groups(merged, some, assert_same_bits)
    assert none.merge(none).names == ()
    assert group(SMALL, np.full(60, -1)).merge(some).unlabelled == 60 + some.unlabelled


def test_features_are_selected_and_units_divided_in_every_group() -> None:
    found = group(SMALL).select([2, 0]).change(lambda moments: moments.divide(32767), lambda each: each)
    expected = Moments.from_block(SMALL[CODES == 1][:, [2, 0]], (1,)).divide(32767)
    assert_same_bits(found.moments.unstack()[found.names.index("a")], expected)
    assert found.statistics[0][0].to_document()["zeros"].shape == (2,)


def test_more_groups_than_are_allowed_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_GROUPS", 3)
    with pytest.raises(DataError, match="--by label finds more than 3 different values; group by a column with fewer"):
        group(VALUES)
    alone = [np.flatnonzero(one == CODES) for one in range(4)]
    with pytest.raises(DataError, match="finds more than 3"):
        reduce(Groups.merge, [group(VALUES[some], CODES[some]) for some in alone])


def test_more_numbers_than_are_allowed_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_GROUPED_NUMBERS", 3 * 15 * 4 - 1)
    with pytest.raises(DataError, match=r"finds 4 groups or more, too many for so many features \(3\)"):
        group(VALUES)


@pytest.mark.parametrize("shift", [0, 1e9])
def test_the_share_of_variance_between_groups_is_eta_squared(shift: float) -> None:
    values = VALUES + shift
    values[:, 0] += 3 * CODES
    # Deviations from a number near all means are exact enough where the values are large.
    near = values[CODES >= 0] - (5 + shift)
    parts = [values[one == CODES] - (5 + shift) for one in range(4)]
    between = sum(len(part) * (part.mean(0) - near.mean(0)) ** 2 for part in parts)
    np.testing.assert_allclose(group(values).find_share_between(), between / (len(near) * near.var(0)), rtol=1e-6)
    constant = group(np.full((60, 2), 7.5)).find_share_between()
    assert np.isnan(constant).all()


def test_labels_that_are_whole_numbers_are_in_their_order() -> None:
    def names(*labels: str) -> tuple[str, ...]:
        codes = np.arange(60) % len(labels)
        parts = [group(VALUES[some], codes[some], names=labels) for some in (slice(1, 7), slice(0, 60))]
        found, other = parts[0].merge(parts[1]), parts[1].merge(parts[0])
        assert found.names == other.names == parts[1].names
        return found.names

    assert names("2", "10", "-1", "9", "1") == ("-1", "1", "2", "9", "10")
    assert names("1", "10", "01", "9") == ("01", "1", "9", "10")
    assert names("2", "10", "9", "none") == ("10", "2", "9", "none")
    assert names("2", "10", "9.5") == ("10", "2", "9.5")


def test_groups_that_cannot_fit_are_refused_before_they_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise AssertionError

    monkeypatch.setattr(limits, "MAX_GROUPED_NUMBERS", 4 * (7 * 3 + Covariance.count_numbers(3)) - 1)
    running = Accumulator((1,), (), (Covariance,), by="label")
    monkeypatch.setattr(group_block, "measure_block", fail)
    monkeypatch.setattr(group_block, "sum_segments", fail)
    with pytest.raises(DataError, match=r"finds 4 groups or more, too many for so many features \(3\)"):
        running.add_block(VALUES, Labels(CODES, NAMES))


def test_small_sketches_of_many_groups_count_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_GROUPED_NUMBERS", 2000)
    running = Accumulator((1,), (), (Quantiles,), by="label")
    running.add_block(VALUES, Labels(CODES, NAMES))
    assert running.groups is not None
    assert running.groups.check_size().names == ("10", "9", "a", "b")
    monkeypatch.setattr(limits, "MAX_GROUPED_NUMBERS", 200)
    with pytest.raises(DataError, match="finds 4 groups or more"):
        running.groups.check_size()
