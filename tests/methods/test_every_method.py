"""What every method must do alike, for all data that it may be given. Where a promise differs, an attribute says so."""

from __future__ import annotations

import json
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.inprocess import call_zm
from tests.methods.cases import FILLINGS, Layout, apply_method, describe, list_pairs, make, restore
from zm_cli.cli.scaling import SETTING_OPTIONS
from zm_cli.data.packing import Packing
from zm_cli.methods import checked_method, default_method, methods, methods_of
from zm_cli.methods.shared.base import Method
from zm_cli.methods.shared.settings import Settings, fills_with_number
from zm_cli.numbers.axes import find_feature_axes
from zm_cli.numbers.moments.moments import Moments
from zm_cli.outputs.receipt import DONE
from zm_cli.pipeline.checking.check import check_stats
from zm_cli.pipeline.checking.check_measures import MEASURES
from zm_cli.pipeline.checking.limits import TOLERANCE
from zm_cli.pipeline.checking.making import Goal, Making
from zm_cli.statistics import optional_statistics

SEED = 20261215
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64"]
UNUSUAL = Settings(ddof=1, epsilon=50.0, range=(5.0, 6.0), clip=True, quantiles=(5.0, 60.0), components=1)
"""Settings that change what a method does, if it takes them."""
TYPED = {"range": "0,1", "quantiles": "5,95", "components": "1", "ddof": "1", "epsilon": "0.5"}
"""The options of settings, as they are typed; the others have no value."""
TABLE = Layout("column", "NC", (60, 4))
LAYOUTS = [
    TABLE,
    Layout("channel", "NHWC", (20, 3, 2, 3)),
    Layout("channel", "NCHW", (20, 3, 4, 2)),
    Layout("channel", "NHW", (20, 4, 2)),
    Layout("pixel", "NHWC", (60, 3, 2, 2)),
]
# Users would see the warnings of NumPy.
pytestmark = pytest.mark.filterwarnings("error")
every_method = pytest.mark.parametrize("method", methods().values(), ids=list(methods()))
every_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.per}-{layout.axes}")


def takes_filling(method: Method, impute: Any) -> bool:
    """Returns whether it can fill missing values so: without statistics, neither mean nor median is known."""
    return method.measures or impute is None or fills_with_number(impute)


def keeps_check(method: Method, impute: Any) -> bool:
    """Returns whether data in which missing values were filled so pass its check."""
    may_fail = impute in method.failing_fills or (fills_with_number(impute) and bool(method.failing_fills))
    return takes_filling(method, impute) and not may_fail


def refuses(method: Method, name: str) -> bool:
    """Returns whether its command must refuse the option of a setting, which may also be the option of a statistic."""
    siblings = [methods()[other] for other in methods_of(method.command)]
    is_statistic = name in optional_statistics() and not any(name in each.settings for each in siblings)
    return name not in method.settings and not is_statistic


def scale_as(layout: Layout, method: Method, values: NDArray[Any], **options: Any) -> NDArray[Any]:
    return apply_method(values, method.name, layout.per, layout.axes, **options)


@every_method
@every_layout
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_of_any_dtype_are_those_of_float64(method: Method, layout: Layout, dtype: str) -> None:
    values = layout.draw(dtype)
    expected = scale_as(layout, method, values.astype(np.float64))
    np.testing.assert_allclose(scale_as(layout, method, values), expected, rtol=1e-10, atol=1e-10)


@every_method
@every_layout
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_outputs_are_computed_in_float64_and_rounded_once(method: Method, layout: Layout, dtype: str) -> None:
    values = layout.draw()
    made, exact = scale_as(layout, method, values, dtype=dtype), scale_as(layout, method, values)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, exact.astype(dtype))


@every_method
@every_layout
def test_missing_values_stay_missing_and_change_no_other_sample(method: Method, layout: Layout) -> None:
    values = layout.draw()
    rows = layout.list_samples(values)
    rows[3, 1], rows[5], rows[9, 0], rows[11, -1] = np.nan, np.nan, np.inf, -np.inf
    lacking = ~np.isfinite(rows).all(axis=1)
    transform = make(describe(values, layout.per, layout.axes), method.name, values)
    made, _ = transform.apply_values(values)
    if transform.features is None:
        assert made.shape == values.shape
        assert not np.isfinite(made[~np.isfinite(values)]).any()
    assert (np.isfinite(layout.list_samples(made)).all(axis=1) == ~lacking).all()
    assert made[~lacking].tobytes() == transform.apply_values(values[~lacking])[0].tobytes()


@pytest.mark.parametrize(("method", "impute"), list_pairs(takes_filling, FILLINGS))
@every_layout
def test_missing_values_are_filled_before_they_are_transformed(method: Method, layout: Layout, impute: Any) -> None:
    values = layout.draw()
    rows = layout.list_samples(values)
    rows[3, 1], rows[5], rows[9, 0] = np.nan, np.nan, np.inf
    stats = describe(values, layout.per, layout.axes)
    filled, _ = make(stats, method.name, values, impute=impute).apply_values(values)
    complete = layout.fill(values, ~np.isfinite(values), impute)
    expected, _ = make(stats, method.name, values).apply_values(complete)
    np.testing.assert_allclose(filled, expected, rtol=1e-12, atol=1e-12)


@every_method
def test_ignored_and_packed_values_are_what_they_stand_for(method: Method) -> None:
    stored = np.random.default_rng(SEED).integers(-100, 100, (50, 3), dtype=np.int16)
    stored[4, 0] = -99
    real = np.where(stored == -99, np.nan, stored.astype(np.float64))
    np.testing.assert_allclose(
        apply_method(stored, method.name, ignore=-99.0), apply_method(real, method.name), rtol=1e-9
    )
    real = real * 0.25 + 10
    packing = Packing(np.dtype("float64"), 0.25, 10.0, (-99.0,))
    found, _ = make(describe(real), method.name, stored, packing=packing).apply_values(stored)
    np.testing.assert_allclose(found, apply_method(real, method.name), rtol=1e-9)


@every_method
def test_a_feature_of_zeros_is_named_and_has_one_value(method: Method) -> None:
    values = TABLE.draw()
    values[:, 2] = 0
    stats, settings = describe(values), method.complete(Settings())
    transform = make(stats, method.name, values)
    made, _ = transform.apply_values(values)
    assert np.isfinite(made).all()
    if transform.features is None:
        assert len(np.unique(made[:, 2])) == 1
    constant = method.find_constant(stats, settings)
    named = (constant is not None and constant[1].tolist() == [False, False, True, False]) or any(
        "'2'" in warning for warning in method.list_warnings(stats, settings)
    )
    assert named == method.names_constant


@every_method
def test_a_feature_without_values_stays_missing_and_changes_no_other(method: Method) -> None:
    values = TABLE.draw()
    values[:, 1] = np.nan
    transform = make(describe(values), method.name, values)
    made, _ = transform.apply_values(values)
    if transform.features is None:
        assert np.isnan(made[:, 1]).all()
        made = np.delete(made, 1, axis=1)
    np.testing.assert_allclose(made, apply_method(np.delete(values, 1, axis=1), method.name), rtol=1e-9, atol=1e-12)


@every_layout
@given(
    method=st.sampled_from(list(methods())),
    cuts=st.lists(st.integers(0, 60), max_size=5),
    dtype=st.sampled_from(["uint8", "float32", "float64"]),
    by_columns=st.booleans(),
)
def test_no_bit_depends_on_where_blocks_are_cut(
    layout: Layout, method: str, cuts: list[int], dtype: str, by_columns: bool
) -> None:
    values = layout.draw(dtype)
    transform = make(describe(values, layout.per, layout.axes), method, values, dtype="float32")
    whole, _ = transform.apply_values(values)
    parts = np.split(np.asfortranarray(values) if by_columns else values, sorted(cuts))
    assert np.concatenate([transform.apply_values(part)[0] for part in parts]).tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", [name for name, method in methods().items() if method.has_inverse])
@every_layout
@pytest.mark.parametrize(("dtype", "unit"), [("uint8", False), ("uint8", True), ("int32", False), ("float64", False)])
def test_an_inverse_gives_the_input_back(name: str, layout: Layout, dtype: str, unit: bool) -> None:
    values = layout.draw(dtype)
    stats = describe(values, layout.per, layout.axes, unit=unit)
    transform = make(stats, name, values)
    made, _ = transform.apply_values(values)
    axes = layout.axes if transform.features is None else transform.features.axes
    # A few thousand roundings of float64, for values of at most 100.
    np.testing.assert_allclose(restore(stats, name, made, axes), values, rtol=0, atol=1e-10)


@every_method
@every_layout
def test_a_transform_can_be_pickled(method: Method, layout: Layout) -> None:
    values = layout.draw("float32")
    transform = make(describe(values, layout.per, layout.axes), method.name, values)
    again = pickle.loads(pickle.dumps(transform))
    assert again.apply_values(values)[0].tobytes() == transform.apply_values(values)[0].tobytes()


@every_method
@every_layout
@pytest.mark.parametrize("given", [{}, {"ddof": 1, "epsilon": 0.5}])
def test_predicted_moments_are_those_of_what_is_written(method: Method, layout: Layout, given: dict[str, Any]) -> None:
    values = layout.draw()
    stats, settings = describe(values, layout.per, layout.axes), method.complete(Settings(**given))
    transform = make(stats, method.name, values, **given)
    made, _ = transform.apply_values(values)
    output = method.describe_output(stats, settings)
    axes = layout.axes if transform.features is None else transform.features.axes
    assert (output.axes, output.sample_shape) == (axes, made.shape[1:])
    predicted = transform.predict_own(stats.moments)
    assert (predicted is not None) == method.measures
    if predicted is not None:
        found = Moments.from_block(made, find_feature_axes(output.axes, output.per))
        assert (predicted.count == found.count).all()
        np.testing.assert_allclose(predicted.mean, found.mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(predicted.variance(), found.variance(), rtol=1e-9)


@pytest.mark.parametrize(("method", "impute"), list_pairs(keeps_check, (None, *FILLINGS)))
def test_a_check_of_what_was_written_holds(method: Method, impute: Any) -> None:
    values = TABLE.draw()
    values[::9, 1], values[:, 3] = np.nan, 0.3
    making, goal = Making(method, Settings(impute=impute)), Goal.parse(method.name)
    expected = making.expect(goal)
    assert {target.measure for target in expected.targets} <= {*MEASURES, "shift"}
    check = partial(check_stats, "made", goal=goal, tolerance=TOLERANCE, making=making)
    per = "all" if expected.together else "column"
    assert check(describe(apply_method(values, method.name, impute=impute), per)).ok
    assert not all(check(describe(factor * values, per)).ok for factor in (0.001, 1000))


@every_method
def test_only_settings_that_it_takes_change_anything(method: Method) -> None:
    values = TABLE.draw()
    others = {name: value for name, value in vars(UNUSUAL).items() if name not in (*method.settings, "impute")}
    assert apply_method(values, method.name, **others).tobytes() == apply_method(values, method.name).tobytes()
    for name in method.settings:
        usual = make(describe(values), method.name, values)
        unusual = make(describe(values), method.name, values, **{name: vars(UNUSUAL)[name]})
        assert usual.apply_values(2 * values)[0].tobytes() != unusual.apply_values(2 * values)[0].tobytes()


def test_every_command_has_one_default_method_and_one_that_is_checked() -> None:
    for command in DONE:
        assert {default_method(command).name, checked_method(command).name} <= set(methods_of(command))
    assert all(method.help and set(method.defaults) <= set(method.settings) for method in methods().values())


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.float64]:
    """The numbers of the table t.csv, in the current folder."""
    monkeypatch.chdir(tmp_path)
    values: NDArray[np.float64] = TABLE.draw()
    np.savetxt("t.csv", values, "%.17g", ",", header="a,b,c,d", comments="")
    return values


def spell(method: Method, source: str, output: str) -> list[str]:
    """Returns the command that applies a method."""
    several = len(methods_of(method.command)) > 1
    return [method.command, source, "-o", output, *(["--method", method.name] if several else [])]


@every_method
def test_receipts_name_it_and_checks_and_inverses_follow_them(method: Method, table: NDArray[np.float64]) -> None:
    assert call_zm(*spell(method, "t.csv", "o.csv")).code == 0
    receipt = json.loads(Path("o.csv.zm.json").read_text())
    assert (receipt["operation"], receipt.get("method", receipt["operation"])) == (method.command, method.name)
    assert set(method.settings) <= receipt.keys()
    assert call_zm("inspect", "o.csv", "--check", DONE[method.command]).code == 0
    back = call_zm(method.command, "o.csv", "-o", "back.csv", "--inverse")
    assert back.code == (0 if method.has_inverse else 2)
    if method.has_inverse:
        np.testing.assert_allclose(np.loadtxt("back.csv", delimiter=",", skiprows=1), table, rtol=0, atol=1e-10)
    else:
        assert f"{method.name} has no inverse" in back.err
        assert not Path("back.csv").exists()


@pytest.mark.parametrize(("method", "name"), list_pairs(refuses, SETTING_OPTIONS))
def test_options_that_it_does_not_take_are_refused(method: Method, name: str, table: NDArray[np.float64]) -> None:
    ran = call_zm(*spell(method, "t.csv", "o.csv"), f"--{name}", *([TYPED[name]] if name in TYPED else []))
    assert ran.code == 2
    assert f"--{name}" in ran.err
    assert not Path("o.csv").exists()
