"""_FillValue, missing_value, scale_factor, add_offset and _Unsigned: values are the real ones, as xarray has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.formats.hdf5.mask_and_scale import MAX_MARKS
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.checking.compare import compare_data
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.pipeline.checking.training import Training, open_to_compare
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics.zeros import Zeros
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

PLAN = Plan(1)
F4, F8, I2 = np.float32, np.float64, np.int16
STORED = np.array([0, 1, -32767, 100], I2)
NAN = np.nan
PACKED = {"scale_factor": F8(0.01), "add_offset": F8(273.15), "_FillValue": I2(-32767)}


def save(path: Path, values: NDArray[Any], /, **attributes: Any) -> str:
    """Returns a file with one dataset t that has these attributes."""
    with h5py.File(path, "w") as file:
        file["t"] = values
        for name, value in attributes.items():
            file["t"].attrs[name] = value
    return str(path)


def open_t(path: str, **options: Any) -> Source:
    return open_source(path, ReadOptions(**options))


def measure_t(path: str, *, per: str | None = None, **options: Any) -> Stats:
    return measure([open_t(path, **options)], MeasureOptions(per), PLAN)[0]


def draw_stored(samples: int = 300, seed: int = 3) -> NDArray[Any]:
    """Stored values (samples, 4), a sixth of which is -32767."""
    random = np.random.default_rng(seed)
    stored = random.integers(-3000, 9000, (samples, 4)).astype(I2)
    stored[random.random(stored.shape) < 1 / 6] = -32767
    return stored


def unpack(stored: NDArray[Any], scale: float = 0.01, offset: float = 273.15, mark: float = -32767) -> NDArray[Any]:
    return np.where(stored == mark, NAN, stored.astype(F8) * scale + offset)


# What the attributes mean. The dtypes and values are those of xarray 2026.9, where nothing else is said.


@pytest.mark.parametrize(
    ("stored", "attributes", "dtype", "values"),
    [
        (STORED, {"_FillValue": I2(-32767)}, "float32", [0, 1, NAN, 100]),
        (STORED.astype("i4"), {"_FillValue": np.int32(-32767)}, "float64", [0, 1, NAN, 100]),
        (STORED.astype("i8"), {"missing_value": np.int64(100)}, "float64", [0, 1, -32767, NAN]),
        (STORED.astype("f2"), {"_FillValue": np.float16(100)}, "float16", [0, 1, -32768, NAN]),
        (STORED.astype("f4"), {"_FillValue": F4(100)}, "float32", [0, 1, -32767, NAN]),
        (STORED.astype("f8"), {"_FillValue": F8(100)}, "float64", [0, 1, -32767, NAN]),
        (STORED, {"_FillValue": I2(-32767), "missing_value": I2(100)}, "float32", [0, 1, NAN, NAN]),
        (STORED, {"missing_value": np.array([1, 100], I2)}, "float32", [0, NAN, -32767, NAN]),
        (STORED, {"missing_value": -32767.0}, "float32", [0, 1, NAN, 100]),
        (STORED, {"scale_factor": F4(0.5), "add_offset": F4(2)}, "float32", [2, 2.5, -16381.5, 52]),
        (STORED, {"scale_factor": F8(0.5), "add_offset": F8(2)}, "float64", [2, 2.5, -16381.5, 52]),
        (STORED, {"scale_factor": F4(0.5), "add_offset": F8(2)}, "float64", [2, 2.5, -16381.5, 52]),
        (STORED.astype("i4"), {"scale_factor": F4(0.5), "add_offset": F4(2)}, "float64", [2, 2.5, -16381.5, 52]),
        (STORED.astype("f8"), {"scale_factor": F4(0.5), "add_offset": F4(2)}, "float32", [2, 2.5, -16381.5, 52]),
        (STORED, {"scale_factor": F4(0.5)}, "float32", [0, 0.5, -16383.5, 50]),
        (STORED.astype("i4"), {"scale_factor": np.array([0.5], "f4")}, "float32", [0, 0.5, -16383.5, 50]),
        (STORED, {"scale_factor": F8(0.5), "_FillValue": I2(-32767)}, "float64", [0, 0.5, NAN, 50]),
        (STORED, {"scale_factor": np.int32(10)}, "int32", [0, 10, -327670, 1000]),
        (STORED, {"add_offset": np.int32(10)}, "float64", [10, 11, -32757, 110]),
        (STORED, {"add_offset": F4(10)}, "float64", [10, 11, -32757, 110]),
        (STORED, {"_Unsigned": "true"}, "uint16", [0, 1, 32769, 100]),
        (STORED, {"_Unsigned": "true", "_FillValue": I2(-32767)}, "float32", [0, 1, NAN, 100]),
        (STORED.view("u2"), {"_Unsigned": "false", "_FillValue": I2(-32767)}, "float32", [0, 1, NAN, 100]),
        (STORED, {"_Unsigned": b"true", "scale_factor": F4(0.5)}, "float32", [0, 0.5, 16384.5, 50]),
        (STORED, {"valid_range": np.array([0, 50], I2)}, "int16", [0, 1, -32767, 100]),
        (STORED, {"_FillValue": NAN}, "int16", [0, 1, -32767, 100]),
        (np.array([1, NAN]), {"_FillValue": NAN}, "float64", [1, NAN]),
        # xarray raises an error.
        (STORED, {"scale_factor": np.int32(10), "_FillValue": I2(-32767)}, "float64", [0, 10, NAN, 1000]),
        (STORED, {"scale_factor": "0.5"}, "float64", [0, 0.5, -16383.5, 50]),
        # xarray cuts fractions off.
        (np.array([0.25, 1]), {"scale_factor": np.int32(2)}, "float64", [0.5, 2]),
        # xarray compares before it rounds to the type of the values, and misses them.
        (np.array([1, 1e20], "f4"), {"missing_value": 1e20}, "float32", [1, NAN]),
        (STORED, {"_Unsigned": "true", "missing_value": I2(-32767)}, "float32", [0, 1, NAN, 100]),
        # xarray compares as float64.
        (np.array([2**63 - 1, 2**63 - 2]), {"_FillValue": np.int64(2**63 - 1)}, "float64", [NAN, 2.0**63]),
    ],
)
def test_real_values_follow_from_the_attributes(
    tmp_path: Path, stored: NDArray[Any], attributes: dict[str, Any], dtype: str, values: list[float]
) -> None:
    path = save(tmp_path / "a.h5", stored, **attributes)
    assert open_t(path).spec.real_dtype == np.dtype(dtype)
    stats = measure_t(path)
    real = np.array(values, F8)
    kept = real[~np.isnan(real)]
    assert stats.dtype == dtype
    assert (stats.moments.count[0], stats.moments.missing[0]) == (len(kept), np.isnan(real).sum())
    assert (stats.moments.min[0], stats.moments.max[0]) == (kept.min(), kept.max())
    assert stats.moments.mean[0] == pytest.approx(kept.mean(), rel=1e-15)
    assert stats.moments.variance()[0] == pytest.approx(kept.var(), rel=1e-14)


def test_the_fill_value_of_hdf5_itself_is_a_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("t", data=STORED, fillvalue=100)
    source = open_t(str(tmp_path / "a.h5"))
    assert source.spec.packing is None
    assert source.spec.decoding == {"dataset": "/t", "layout": "N"}
    assert not source.facts().notes


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (PACKED, "values are stored * 0.01 + 273.15, -32767 is missing"),
        ({"scale_factor": F4(0.1), "add_offset": F4(-2)}, "values are stored * 0.1 - 2.0"),
        ({"missing_value": np.arange(7, dtype=I2)}, "0, 1, 2, 3, 4 and 2 more are missing"),
        ({"_Unsigned": "true"}, "stored values are uint16 (_Unsigned)"),
        ({"_FillValue": 70000}, "70000 marks nothing, because int16 has no such value"),
        ({"missing_value": "none"}, "'none' marks nothing, because int16 has no such value"),
    ],
)
def test_a_note_says_what_is_done_and_how_to_avoid_it(tmp_path: Path, attributes: dict[str, Any], text: str) -> None:
    path = save(tmp_path / "a.h5", STORED, **attributes)
    assert open_t(path).facts().notes == (f"{path}: /t: {text}; --no-mask-and-scale reads values as stored",)
    assert open_t(path).facts().others["stored as"].endswith(f": {text}")


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"scale_factor": np.array([1.0, 2.0])}, "scale_factor has 2 numbers instead of one"),
        ({"scale_factor": "a lot"}, "scale_factor is 'a lot', which is not a number"),
        ({"scale_factor": 0.0}, "scale_factor is 0.0"),
        ({"add_offset": np.inf}, "add_offset is inf"),
        ({"add_offset": 1j}, "add_offset is not a number"),
        ({"missing_value": np.arange(MAX_MARKS + 1)}, "missing_value has 101 numbers"),
    ],
)
def test_an_attribute_that_makes_no_sense_is_refused(tmp_path: Path, attributes: dict[str, Any], what: str) -> None:
    path = save(tmp_path / "a.h5", STORED, **attributes)
    with pytest.raises(DataError, match="its attribute") as error:
        open_t(path)
    assert what in str(error.value)
    assert open_t(path, mask_and_scale=False).spec.packing is None


# Statistics


def test_statistics_of_packed_values_are_those_of_the_real_ones(tmp_path: Path) -> None:
    stored = draw_stored()
    stats = measure_t(save(tmp_path / "a.h5", stored, **PACKED))
    real = unpack(stored)
    assert stats.dtype == "float64"
    assert stats.decoding["mask_and_scale"] is True
    np.testing.assert_array_equal(stats.moments.missing, np.isnan(real).sum(0))
    np.testing.assert_array_equal(stats.moments.min, np.nanmin(real, 0))
    np.testing.assert_array_equal(stats.moments.max, np.nanmax(real, 0))
    np.testing.assert_allclose(stats.moments.mean, np.nanmean(real, 0), rtol=1e-15)
    np.testing.assert_allclose(stats.moments.std(), np.nanstd(real, 0), rtol=1e-13)


def test_a_negative_scale_turns_the_extremes_round(tmp_path: Path) -> None:
    stats = measure_t(save(tmp_path / "a.h5", STORED, scale_factor=-0.5, missing_value=I2(-32767)))
    assert stats.range == (-50, 0)


def test_features_without_a_value_stay_empty(tmp_path: Path) -> None:
    stored = np.array([[-32767, 5], [-32767, 7]], I2)
    stats = measure_t(save(tmp_path / "a.h5", stored, **(PACKED | {"scale_factor": F8(-1)})))
    empty = (stats.moments.count[0], stats.moments.mean[0], stats.moments.min[0], stats.moments.max[0])
    assert empty == (0, 0, np.inf, -np.inf)
    save_stats(stats, str(tmp_path / "s.json"))
    assert load_stats(str(tmp_path / "s.json")).moments.mean[1] == stats.moments.mean[1]


def test_sources_are_pooled_each_by_its_own_packing(tmp_path: Path) -> None:
    one, other = draw_stored(), draw_stored(200, seed=4)
    plain = unpack(draw_stored(50, seed=5))
    paths = (
        save(tmp_path / "a.h5", one, **PACKED),
        save(tmp_path / "b.h5", other, scale_factor=0.5, add_offset=-4.0, missing_value=-32767),
        save(tmp_path / "c.h5", plain),
    )
    stats, outcome = measure([open_t(path) for path in paths], MeasureOptions(), PLAN)
    real = np.concatenate([unpack(one), unpack(other, 0.5, -4.0), plain])
    np.testing.assert_allclose(stats.moments.mean, np.nanmean(real, 0), rtol=1e-15)
    np.testing.assert_allclose(stats.moments.std(), np.nanstd(real, 0), rtol=1e-13)
    assert [note.split(": ")[2] for note in outcome.notes] == [
        "values are stored * 0.01 + 273.15, -32767 is missing; --no-mask-and-scale reads values as stored",
        "values are stored * 0.5 - 4.0, -32767 is missing; --no-mask-and-scale reads values as stored",
    ]
    parts = [measure_t(path).moments for path in paths]
    for field in ("count", "mean", "tail", "m2", "min", "max"):
        merged = parts[0].merge(parts[1]).merge(parts[2])
        np.testing.assert_array_equal(getattr(merged, field), getattr(stats.moments, field))


def test_integers_with_and_without_marks_are_pooled(tmp_path: Path) -> None:
    marked, plain = save(tmp_path / "a.h5", STORED, _FillValue=I2(-32767)), save(tmp_path / "b.h5", STORED)
    for paths in ((marked, plain), (plain, marked)):
        stats, _ = measure([open_t(path) for path in paths], MeasureOptions(), PLAN)
        assert (stats.dtype, stats.moments.count[0], stats.moments.missing[0]) == ("float32", 7, 1)


def test_a_value_to_ignore_is_a_real_one(tmp_path: Path) -> None:
    path = save(tmp_path / "a.h5", np.array([0, 1, 2, 1, -32767], I2), **PACKED)
    # 1 * 0.01 + 273.15 is 273.15999999999997.
    for ignore, missing in ((273.16, 3), (273.165, 1), (1.0, 1), (-32767.0, 1)):
        stats, _ = measure([open_t(path)], MeasureOptions(ignore=ignore), PLAN)
        assert stats.moments.missing[0] == missing
    floats = save(tmp_path / "b.h5", np.array([0, 3, 4], F4), scale_factor=F4(0.1))
    assert measure([open_t(floats)], MeasureOptions(ignore=0.3), PLAN)[0].moments.missing[0] == 1


def test_missing_error_counts_marked_values(tmp_path: Path) -> None:
    path = save(tmp_path / "a.h5", STORED, **PACKED)
    with pytest.raises(DataError, match="sample 3: is missing"):
        measure([open_t(path)], MeasureOptions(missing="error"), PLAN)
    stats = measure_t(path)
    with pytest.raises(DataError, match="sample 3: is missing"):
        apply(open_t(path), stats, str(tmp_path / "b.h5"), ApplyOptions(missing="error"), PLAN)


def test_zeros_are_counted_unless_something_is_added(tmp_path: Path) -> None:
    options = MeasureOptions(statistics=(Zeros,))
    scaled = save(tmp_path / "a.h5", STORED, scale_factor=0.5, _FillValue=I2(-32767))
    zeros = measure([open_t(scaled)], options, PLAN)[0].statistics["zeros"]
    assert isinstance(zeros, Zeros)
    assert zeros.zeros.tolist() == [1]
    with pytest.raises(UsageError, match="--zeros does not follow from stored values"):
        measure([open_t(save(tmp_path / "b.h5", STORED, **PACKED))], options, PLAN)


def test_unit_is_for_integers_that_stand_for_themselves(tmp_path: Path) -> None:
    options = MeasureOptions(unit=True)
    with pytest.raises(UsageError, match="these values are float64, stored as int16"):
        measure([open_t(save(tmp_path / "a.h5", STORED, **PACKED))], options, PLAN)
    values = np.array([0, 51, 255, 102], "u1")
    path = save(tmp_path / "b.h5", values, _FillValue=np.uint8(255))
    stats, _ = measure([open_t(path)], options, PLAN)
    assert (stats.dtype, stats.moments.mean[0], stats.moments.max[0]) == ("uint8", 0.2, 0.4)
    apply(open_t(path), stats, str(tmp_path / "c.h5"), ApplyOptions(), PLAN, own=True)
    apply(open_t(str(tmp_path / "c.h5")), stats, str(tmp_path / "d.h5"), ApplyOptions(inverse=True), PLAN)
    with h5py.File(tmp_path / "d.h5") as file:
        np.testing.assert_allclose(file["t"][()], [0, 51, NAN, 102], rtol=0, atol=1e-5)


# Writing


@pytest.mark.parametrize("workers", [1, 2])
def test_an_output_holds_real_values_and_its_inverse_gives_them_back(tmp_path: Path, workers: int) -> None:
    stored = draw_stored()
    path, output, back = save(tmp_path / "a.h5", stored, **PACKED, units="K"), tmp_path / "b.h5", tmp_path / "c.h5"
    stats, plan = measure_t(path), Plan(workers)
    outcome = apply(open_t(path), stats, str(output), ApplyOptions("standardize"), plan, own=True)
    assert not outcome.warnings
    dropped = "_FillValue, scale_factor, add_offset"
    assert f"/t is written without {dropped}, as its values are no longer the stored ones" in outcome.notes
    real = unpack(stored)
    with h5py.File(output) as file:
        assert file["t"].dtype == np.float64
        assert set(file["t"].attrs) == {"units", "zm"}
        expected = (real - np.nanmean(real, 0)) / np.nanstd(real, 0)
        np.testing.assert_allclose(file["t"][()], expected, rtol=0, atol=1e-12)
    source, found = open_to_apply(str(output), ReadOptions(), stats, inverse=True)
    apply(source, found, str(back), ApplyOptions("standardize", inverse=True), plan)
    with h5py.File(back) as file:
        np.testing.assert_allclose(file["t"][()], real, rtol=1e-15)


def test_stored_values_are_measured_and_written_where_that_is_asked_for(tmp_path: Path) -> None:
    path = save(tmp_path / "a.h5", STORED, **PACKED)
    stats = measure_t(path, mask_and_scale=False)
    assert (stats.dtype, stats.decoding["mask_and_scale"], stats.moments.mean[0]) == ("int16", False, STORED.mean())
    source, _ = open_to_apply(path, ReadOptions(), stats)
    apply(source, stats, str(tmp_path / "b.h5"), ApplyOptions(), PLAN)
    with h5py.File(tmp_path / "b.h5") as file:
        assert set(file["t"].attrs) == {"zm"}
        np.testing.assert_array_equal(file["t"][()], (STORED - STORED.mean()).astype(F4))


def test_statistics_of_real_and_of_stored_values_are_not_mixed(tmp_path: Path) -> None:
    path, output = save(tmp_path / "a.h5", STORED, **PACKED), str(tmp_path / "b.h5")
    for measured, asked in ((True, False), (False, True)):
        stats = measure_t(path, mask_and_scale=measured)
        source, _ = open_to_apply(path, ReadOptions(mask_and_scale=asked), stats)
        with pytest.raises(DataError, match="it is read with --"):
            apply(source, stats, output, ApplyOptions(), PLAN)
        apply(source, stats, output, ApplyOptions(force=True), PLAN)
    unaware = measure_t(save(tmp_path / "c.h5", STORED))
    with pytest.raises(DataError, match="statistics were made of its stored values"):
        apply(open_t(path), unaware, output, ApplyOptions(), PLAN)


def test_statistics_apply_to_data_of_another_packing(tmp_path: Path) -> None:
    stored = draw_stored()
    stats = measure_t(save(tmp_path / "a.h5", stored, **PACKED))
    again = np.where(stored == -32767, -32767, stored // 2).astype(I2)
    other = save(tmp_path / "b.h5", again, **(PACKED | {"scale_factor": F8(0.02)}))
    outcome = apply(open_t(other), stats, str(tmp_path / "c.h5"), ApplyOptions(), PLAN)
    assert not outcome.warnings
    assert outcome.written is not None
    with h5py.File(tmp_path / "c.h5") as file:
        np.testing.assert_allclose(file["t"][()], unpack(again, 0.02) - stats.moments.mean, rtol=0, atol=1e-12)
        np.testing.assert_allclose(outcome.written.mean, np.nanmean(file["t"][()], 0), rtol=1e-12)
    far = save(tmp_path / "d.h5", again, **(PACKED | {"add_offset": F8(0)}))
    outcome = apply(open_t(far), stats, str(tmp_path / "e.h5"), ApplyOptions(), PLAN)
    assert "these data are not like those of the statistics" in outcome.warnings[0]


@pytest.mark.parametrize("dtype", ["i2", "f4"])
def test_data_do_not_lie_outside_their_own_range(tmp_path: Path, dtype: str) -> None:
    stored = draw_stored().astype(dtype)
    path = save(tmp_path / "a.h5", stored, **(PACKED | {"scale_factor": F8(-0.01)}))
    training = Training("s.json", measure_t(path))
    findings = compare_data(open_to_compare(path, ReadOptions(), training), training, Limits(max_outside=0), PLAN)
    assert findings.ok
    stored[7, 2] = 30000
    wider = save(tmp_path / "b.h5", stored, **(PACKED | {"scale_factor": F8(-0.01)}))
    findings = compare_data(open_to_compare(wider, ReadOptions(), training), training, Limits(max_outside=0), PLAN)
    assert (findings.measures["outside"] * findings.measures["count"]).tolist() == [0, 0, 1, 0]
