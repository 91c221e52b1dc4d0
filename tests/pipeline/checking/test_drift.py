"""Shifts of quantiles and stability indices: by hand on exact counts, and rarely too large where nothing changed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made import make_stats
from tests.pipeline.checking.tables import compare, table
from tests.systems import examples, slow
from zm_cli.numbers.sketch.sketch import Sketch
from zm_cli.pipeline.checking.drift import PROBABILITIES, measure_shift, measure_stability
from zm_cli.pipeline.checking.findings import Findings
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statsfile.stats import Stats


def sketch(values: Any) -> Sketch:
    return Sketch.from_block(np.asarray(values, np.float64).reshape(len(values), -1), (1,))


def stability(new: Any, old: Any) -> tuple[float, float]:
    """The index of one feature, and what chance adds to it."""
    found = measure_stability(sketch(new), sketch(old), (len(new), len(old)))
    return float(found.index[0]), float(found.noise[0])


def index_by_hand(new: np.ndarray, old: np.ndarray, edges: list[float]) -> float:
    """The index for bins that begin at these edges, the first below all values, with half a value added to each."""
    shares = []
    for values in (new, old):
        counts = np.histogram(values, [-math.inf, *edges, math.inf])[0] + 0.5
        shares.append(counts / counts.sum())
    return float(((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum())


def with_quantiles(values: Any) -> Stats:
    array = np.asarray(values, np.float64).reshape(len(values), -1)
    stats = table(array, tuple("abcdefgh"[: array.shape[1]]))
    return replace(stats, statistics={"quantiles": Quantiles.from_block(array, (1,))})


def against(new: Any, old: Any, **limits: Any) -> Findings:
    """The findings where no other limit is in the way."""
    lax = {"max_shift": 1e9, "max_ratio": 1e9, "max_missing": 1.0, **limits}
    return compare(with_quantiles(new), with_quantiles(old), Limits(**lax))


def test_bins_begin_at_the_deciles_of_the_training_data() -> None:
    random = np.random.default_rng(0)
    old, new = np.arange(100.0), random.normal(60, 20, 70)
    found, noise = stability(new, old)
    assert found == pytest.approx(index_by_hand(new, old, [10.0 * step for step in range(1, 10)]), rel=1e-12)
    assert noise == pytest.approx((9 + 3 * math.sqrt(18)) * (1 / 70 + 1 / 100))


def test_a_value_that_many_have_is_a_bin_of_its_own() -> None:
    old = np.array([0.0] * 5 + [1.0] * 95)
    rare, common = np.array([0.0] * 5 + [1.0] * 95), np.array([0.0] * 60 + [1.0] * 40)
    assert stability(rare, old)[0] == 0
    assert stability(common, old)[0] == pytest.approx(index_by_hand(common, old, [0.5]))
    old = np.array([0.0] * 60 + list(range(1, 41)), float)
    assert stability(old[:80], old)[0] == pytest.approx(index_by_hand(old[:80], old, [0.5, 11, 21, 31]))


def test_integers_that_coincide_at_deciles_are_in_fewer_bins() -> None:
    old = np.repeat([1.0, 2.0, 3.0], [40, 30, 30])
    new = np.repeat([1.0, 2.0, 3.0], [10, 60, 30])
    assert stability(new, old)[0] == pytest.approx(index_by_hand(new, old, [1.5, 2.5]))
    # Values that training did not have are a bin more.
    new = np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], [5, 10, 30, 30, 25])
    between = np.where((new == 0) | (new == 4), 9.0, new)
    assert stability(new, old)[0] == pytest.approx(index_by_hand(between, old, [1.5, 2.5, 3.5]))


def test_the_same_values_have_an_index_of_0_and_a_constant_has_one_bin() -> None:
    values = np.random.default_rng(1).lognormal(size=1000)
    assert stability(values, values)[0] == 0
    assert stability(np.full(9, 3.0), np.full(7, 3.0)) == (0, 0)


@settings(max_examples=examples(100), deadline=None, derandomize=True)
@given(
    st.lists(st.integers(-6, 6), min_size=1, max_size=60),
    st.lists(st.integers(-6, 6), min_size=1, max_size=60),
    st.sampled_from([1.0, -2.0, 0.1, 1e6]),
)
def test_an_index_is_not_negative_and_is_finite(new: list[int], old: list[int], scale: float) -> None:
    found, noise = stability(np.array(new) * scale, np.array(old) * scale)
    assert 0 <= found < math.inf
    assert 0 <= noise < math.inf


def test_sketches_of_different_resolution_are_compared_by_the_buckets_of_the_coarser_one() -> None:
    random = np.random.default_rng(2)
    old = np.where(random.random(60_000) < 0.6, 0.0, random.lognormal(size=60_000))
    new = np.where(random.random(500) < 0.6, 0.0, random.lognormal(size=500))
    assert not sketch(old).is_exact
    assert sketch(new).is_exact
    found, noise = stability(new, old)
    assert found < noise
    # What was zero has moved by little, but away from the value that most had.
    assert stability(new + 0.001, old)[0] > 1


def test_features_are_measured_each_for_itself() -> None:
    random = np.random.default_rng(3)
    old, new = random.normal(size=(400, 3)), random.normal(size=(300, 3))
    new[:, 1] += 1
    new[:, 2] = np.nan
    found = measure_stability(sketch(new), sketch(old), (300, 400))
    assert found.index[:2].tolist() == [stability(new[:, index], old[:, index])[0] for index in range(2)]
    assert found.index[1] > 0.25 > found.index[0]
    assert np.isnan(found.index[2])


def false_alarms(number: int, trained: int, repeats: int, draw: Any) -> int:
    """How often data of the same distribution pass the default limit, of so many seeded repetitions."""
    random = np.random.default_rng(number)
    old, new = draw(random, (trained, repeats)), draw(random, (number, repeats))
    found = measure_stability(sketch(new), sketch(old), (number, trained))
    return int((found.index > Limits().max_psi + found.noise).sum())


DRAWS: dict[str, Any] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "integers": lambda random, shape: random.integers(0, 20, shape),
    "mostly zero": lambda random, shape: random.lognormal(size=shape) * (random.random(shape) < 0.4),
}


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("number", [20, 100])
def test_small_samples_do_not_fail_by_chance(number: int, draw: str) -> None:
    assert false_alarms(number, 300, 100, DRAWS[draw]) == 0


@slow
@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("number", [20, 100, 1000, 10_000])
def test_hardly_any_sample_fails_by_chance(number: int, draw: str) -> None:
    assert false_alarms(number, 1000, 1000, DRAWS[draw]) <= 1


def test_a_real_change_is_found_in_small_samples_too() -> None:
    random = np.random.default_rng(4)
    old = random.normal(size=1000)
    for number, shift in ((50, 1.5), (100, 1.0), (1000, 0.7)):
        found, noise = stability(random.normal(shift, size=number), old)
        assert found > 0.25 + noise


def test_the_largest_shift_of_a_quantile_is_in_interquartile_ranges() -> None:
    random = np.random.default_rng(5)
    old = random.normal(0, 2, 501)
    new = np.where(old > np.quantile(old, 0.8), old + 3, old)
    before, after = (np.quantile(values, PROBABILITIES)[:, np.newaxis] for values in (old, new))
    found = measure_shift(after, before, np.array([2.0]))
    assert found.size[0] == pytest.approx(3 / (before[3, 0] - before[1, 0]))
    assert found.scale[0] == before[3, 0] - before[1, 0]
    assert found.probability[0] == 0.95
    still = measure_shift(before, before, np.array([2.0]))
    assert (still.size[0], still.probability[0]) == (0, 0.05)


def test_where_the_interquartile_range_is_0_the_shift_has_the_next_scale_that_there_is() -> None:
    old = np.array([[0.0, 0, 0, 0, 4], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]).T
    new = old + np.array([1.0, 1.0, 0.0])
    found = measure_shift(new, old, np.array([9.0, 0.5, 0.0]))
    assert found.scale.tolist() == [4.0, 0.5, 0.0]
    assert found.size.tolist() == [0.25, 2.0, 0.0]


def draw_mostly_zeros(random: np.random.Generator, number: int) -> np.ndarray:
    return random.exponential(size=(number, 1)) * (random.random((number, 1)) < 0.2)


def test_columns_of_mostly_zeros_pass_unless_they_have_changed() -> None:
    random = np.random.default_rng(11)
    old, new = draw_mostly_zeros(random, 20_000), draw_mostly_zeros(random, 3_000)
    assert np.quantile(old, 0.75) == 0
    assert against(new, old, max_quantile_shift=0.2).ok
    (shifted,) = against(new * 1.5, old, max_quantile_shift=0.2).feature_documents()
    assert shifted["off"] == ["quantile_shift"]
    assert shifted["quantile_scale"] == pytest.approx(np.quantile(old, 0.95))


def test_constant_training_data_have_not_moved_or_are_infinitely_far() -> None:
    ones, twos, none = (np.full((5, 1), value) for value in (1.0, 2.0, np.nan))
    zero = np.zeros(1)
    assert measure_shift(ones, ones, zero).size.tolist() == [0]
    assert measure_shift(twos, ones, zero).size.tolist() == [math.inf]
    assert np.isnan(measure_shift(none, ones, zero).size).all()


def test_an_index_that_only_chance_allows_is_told_of() -> None:
    random = np.random.default_rng(12)
    old, new = random.normal(size=(500, 2)), random.normal(0.8, 1, size=(23, 2))
    found = against(new, old)
    psi, noise = found.measures["psi"], found.measures["psi_noise"]
    assert found.ok
    assert (psi > 0.25).all()
    assert found.outcome.notes == [
        f"new: psi of 'a' is {psi[0]:.2f}, over the limit of 0.25, but chance may add {noise[0]:.2f} to it in so few "
        "samples, and 1 more"
    ]
    assert against(old, old).outcome.notes == []


def test_a_comparison_measures_distributions_where_training_has_quantiles() -> None:
    random = np.random.default_rng(6)
    old = random.normal(size=(500, 2))
    new = old.copy()
    # The same mean and standard deviation, and another distribution.
    new[:, 1] = np.where(random.random(500) < 0.5, -1.0, 1.0)
    found = against(new, old)
    same, other = found.feature_documents()
    assert (same["off"], same["psi"], same["quantile_shift"]) == ([], 0, 0)
    assert other["off"] == ["psi"]
    assert other["psi"] > 1
    assert other["psi_noise"] < 0.1
    assert against(new, old, max_psi=100.0).ok
    assert [each["off"] for each in against(new, old, max_psi=100.0, max_quantile_shift=0.3).feature_documents()] == [
        [],
        ["quantile_shift"],
    ]
    assert "psi" not in compare(table(new), with_quantiles(old)).measures
    assert "psi" not in compare(with_quantiles(new), table(old)).measures


def test_it_is_noted_where_distributions_cannot_be_compared() -> None:
    old = np.arange(20.0).reshape(10, 2)
    assert compare(table(old), table(old)).outcome.notes == []
    assert compare(table(old), with_quantiles(old)).outcome.notes == [
        "new: holds no quantiles, so distributions are not compared; zm stats --quantiles default keeps them"
    ]


def test_distributions_of_another_scale_that_are_not_exact_are_said_to_be_that() -> None:
    values = np.random.default_rng(1).integers(0, 60_000, (30_000, 1)).astype("uint16")
    stored = replace(make_stats(values, "all", axes="NC"), statistics={"quantiles": Quantiles.from_block(values, ())})
    scaled = make_stats(values, "all", axes="NC", unit=True)
    trained = replace(scaled, statistics={"quantiles": Quantiles.from_block(values / 65535, ())})
    (note,) = compare(stored, trained).outcome.notes
    assert note == (
        "new: its values are stored integers, those of the training data 0-1, and more differ than are counted one by "
        "one, so distributions are not compared; compare the data themselves"
    )
