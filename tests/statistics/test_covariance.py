"""Covariance: the same for any number of workers, in every stats file, checked when it is read, and shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import datasets

from tests.bits import assert_same_arrays
from tests.hostile_stats import document_of, refused
from tests.inprocess import call_zm
from tests.made import make_stats
from tests.schemas import load_closed
from tests.shell import run_zm
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.spec import Spec
from zm_cli.errors import UsageError
from zm_cli.formats import open_source
from zm_cli.numbers.axes import find_feature_axes
from zm_cli.numbers.statistic import FieldError, Population
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics.covariance import Covariance
from zm_cli.statsfile.reader import read_json
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import check_room

IRIS: NDArray[np.float64] = datasets.load_iris().data
PIXELS = np.random.default_rng(3).integers(0, 256, (30, 5, 4, 3), dtype=np.uint8)


def make(values: NDArray[Any], per: Any = "column", axes: str = "NC", **options: Any) -> Stats:
    stats = make_stats(values, per, axes=axes, **options)
    return replace(stats, statistics={"covariance": Covariance.from_block(values, find_feature_axes(axes, per))})


def covariance_of(stats: Stats) -> Covariance:
    found = stats.statistics["covariance"]
    assert isinstance(found, Covariance)
    return found


def measure_file(path: Path, plan: Plan | None = None, **options: Any) -> Stats:
    source = open_source(str(path), ReadOptions())
    try:
        return measure([source], MeasureOptions(statistics=(Covariance,), **options), plan or Plan(1))[0]
    finally:
        source.close()


@pytest.mark.parametrize("plan", [Plan(3, executor="threads"), Plan(3, executor="forks"), Plan(3)])
def test_the_bits_are_the_same_for_any_number_of_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan: Plan
) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", 2000)
    np.save(tmp_path / "x.npy", np.random.default_rng(1).lognormal(size=(3000, 7)))
    found = covariance_of(measure_file(tmp_path / "x.npy", plan))
    assert_same_arrays(found, covariance_of(measure_file(tmp_path / "x.npy")))
    expected = np.cov(np.load(tmp_path / "x.npy").T)
    assert np.abs(found.comoments.covariance(ddof=1) - expected).max() < 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("per", ["channel", "pixel", "all"])
def test_pixels_and_channels_are_features(tmp_path: Path, per: Any, unit: bool) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = PIXELS
    found = covariance_of(measure_file(tmp_path / "x.h5", per=per, unit=unit))
    scaled = PIXELS / 255 if unit else PIXELS.astype(float)
    features = {"channel": scaled.reshape(-1, 3), "pixel": scaled.reshape(30, -1), "all": scaled.reshape(-1, 1)}[per]
    assert found.comoments.count == len(features)
    np.testing.assert_allclose(found.comoments.mean, features.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(
        found.comoments.covariance(),
        np.cov(features.T, ddof=0).reshape(found.comoments.comoment.shape),
        atol=1e-12 * features.var(),
    )


def test_stored_values_are_unpacked(tmp_path: Path) -> None:
    stored = np.random.default_rng(4).integers(-100, 100, (60, 3)).astype(np.int16)
    stored[::7, 1] = -999
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = stored
        file["x"].attrs.update({"scale_factor": -0.5, "add_offset": 20.0, "_FillValue": np.int16(-999)})
    found = covariance_of(measure_file(tmp_path / "x.h5"))
    real = stored[stored[:, 1] != -999] * -0.5 + 20
    np.testing.assert_allclose(found.comoments.mean, real.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found.comoments.covariance(), np.cov(real.T, ddof=0), rtol=1e-12, atol=1e-10)


def test_columns_that_are_left_out_are_left_out_of_the_matrix(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,t,b,e\n1,x,3,\n2,y,1,\n4,z,,\n7,w,5,\n")
    stats = measure_file(tmp_path / "x.csv")
    found = covariance_of(stats)
    assert (stats.names, found.comoments.count) == (("a", "b"), 3)
    np.testing.assert_allclose(found.comoments.covariance(), np.cov([[1, 2, 7], [3, 1, 5]], ddof=0), rtol=1e-14)
    assert stats.moments.count.tolist() == [4, 3]


def test_features_are_selected_in_every_group() -> None:
    parts = [Covariance.from_block(part, (1,)) for part in (IRIS[:50], IRIS[50:], np.full((1, 4), np.nan))]
    for one, two in zip(Covariance.stack(parts).select([2, 0]).unstack(), parts, strict=True):
        assert_same_arrays(one, two.select([2, 0]))


def test_comoments_that_no_data_can_have_are_refused_where_eigenvalues_are_needed(tmp_path: Path) -> None:
    document = document_of(make(IRIS[:, :3], names=("a", "b", "c")))
    section = document["covariance"]
    del section["matrix"]
    root = np.sqrt(np.diagonal(section["comoment"]))
    section["comoment"] = (np.outer(root, root) * [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]).tolist()
    (tmp_path / "s.json").write_text(json.dumps(document))
    (tmp_path / "x.csv").write_text("a,b,c\n1,2,3\n4,5,7\n")
    what = "'covariance.comoment' is not positive semidefinite, so no data can have it"
    for where, arguments in (
        ("the stats file", ["inspect", "s.json"]),
        ("the stats file", ["inspect", "s.json", "--json"]),
        ("--stats", ["whiten", "x.csv", "--stats", "s.json", "-o", "y.csv"]),
    ):
        ran = call_zm(*arguments, cwd=tmp_path)
        assert (ran.code, what in ran.err, where in ran.err) == (3, True, True)


CHANGES = [
    ({"count": None}, "'covariance.count' is not there"),
    ({"comoment": None}, "'covariance.comoment' is not there"),
    ({"count": [-1]}, "'covariance.count' is negative"),
    ({"count": [151]}, "'covariance.count' is more than the values of a feature"),
    ({"count": [75, 75]}, "'covariance.count' is not one number"),
    ({"mean": [5.8, 3.0, 3.7]}, "'covariance.mean' has the shape"),
    ({"mean": [5.8, 3.0, 3.7, None]}, "'covariance.mean' is not finite"),
    ({"mean": [5.8, 3.0, 3.7, 9.0]}, "'covariance.mean' does not lie between"),
    ({"mean": [5.8, 3.0, 3.7, 1.0]}, "'covariance.mean' is not that of the same values"),
    ({"tail": [1.0, 0, 0, 0]}, "'covariance.tail' is more than rounding drops"),
    ({(0, 0): -1.0}, "'covariance.comoment' is negative"),
    ({(0, 1): 5.0}, "'covariance.comoment' is not symmetric"),
    ({(0, 1): 60.0, (1, 0): 60.0}, "'covariance.comoment' is larger than its diagonal allows"),
    ({(0, 1): None}, "'covariance.comoment' is not finite"),
    ({(0, 0): 110.0}, "'covariance.comoment' does not have 'm2' on its diagonal"),
    ({"matrix": [[1.0] * 4] * 4}, "'covariance.matrix' does not follow"),
    ({"matrix": [[1.0] * 4]}, "'covariance.matrix' has the shape"),
]


@pytest.mark.parametrize(("change", "says"), CHANGES, ids=str)
def test_damaged_sections_are_refused(tmp_path: Path, change: dict[Any, Any], says: str) -> None:
    document = document_of(make(IRIS))
    section = document["covariance"]
    for field, value in change.items():
        if value is None and isinstance(field, str):
            del section[field]
        elif isinstance(field, str):
            section[field] = value
        else:
            section["comoment"][field[0]][field[1]] = value
            section.pop("matrix", None)
    assert says in refused(json.dumps(document), tmp_path)


def test_values_of_a_feature_without_one_are_refused(tmp_path: Path) -> None:
    values = IRIS.copy()
    values[:, 1] = np.nan
    for field, where, says in (("mean", 1, "mean"), ("comoment", (1, 2), "comoment"), ("matrix", (1, 1), "matrix")):
        document = document_of(make(values))
        array = np.array(document["covariance"][field], float)
        array[where] = 0.5
        if field == "comoment":
            array[2, 1] = 0.5
        document["covariance"][field] = array.astype(object).tolist()
        text = json.dumps(document).replace("NaN", "null")
        assert f"'covariance.{says}'" in refused(text, tmp_path)


def test_unknown_and_derived_keys_are_ignored_and_optional_ones_may_be_absent() -> None:
    document = document_of(make(IRIS))
    del document["covariance"]["matrix"], document["covariance"]["tail"]
    document["covariance"] |= {"condition": {"raw": "?"}, "later": [1]}
    found = covariance_of(read_json(json.dumps(document).encode(), "here"))
    np.testing.assert_array_equal(found.comoments.comoment, covariance_of(make(IRIS)).comoments.comoment)


def test_more_features_than_fit_are_refused_before_anything_is_measured(tmp_path: Path) -> None:
    spec = Spec(kind="hdf5", axes="NC", sample_shape=(1001,), dtype=np.dtype("float32"))
    with pytest.raises(UsageError, match=r"at most 1,000,000 numbers in an array, --covariance of 1,001 .* 1,002,001"):
        check_room(str(tmp_path / "x.json"), [spec], None, "x.h5", [Covariance])
    check_room(str(tmp_path / "x.npz"), [spec], None, "x.h5", [Covariance])
    check_room(str(tmp_path / "x.json"), [replace(spec, sample_shape=(1000,))], None, "x.h5", [Covariance])
    np.save(tmp_path / "x.npy", np.zeros((2, 4097)))
    with pytest.raises(UsageError, match="--covariance is for at most 4,096 features, here are 4,097"):
        measure_file(tmp_path / "x.npy")
    with pytest.raises(FieldError, match="is of 4,097 features"):
        Covariance.from_document({}, Population((4097,), None))


def test_the_matrix_is_written_where_json_could_hold_it() -> None:
    assert "covariance.matrix" in Covariance.identity((1000,)).to_document()
    assert "covariance.matrix" not in Covariance.identity((1001,)).to_document()


def test_a_table_is_followed_by_condition_numbers_and_correlated_features(tmp_path: Path) -> None:
    values = np.column_stack([IRIS, np.full(150, 7.0), IRIS[:, 0] * 2])
    rows = [",".join(map(repr, row)) for row in values.tolist()]
    rows[4] = rows[4].replace("7.0", "", 1)
    (tmp_path / "x.csv").write_text("\n".join(["a,b,c,d,e,f", *rows]) + "\n")
    ran = run_zm("stats", "x.csv", "--covariance", "-o", "x.npz", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    shown = run_zm("inspect", "x.npz", cwd=tmp_path).out.split("\n\n")[-1].splitlines()
    assert shown[0].startswith("complete      149 of 150 rows")
    assert shown[1].startswith("condition     raw more than 1e14, centered more than 1e14, standardized more than 1e14")
    assert shown[2].startswith(
        "dependent     features follow from others in 1 direction ('a', 'f'); without it, centered "
    )
    assert shown[3].startswith("steps         raw more than 1e14, centered ")
    assert shown[4] == "constant      'e'; condition numbers are without it, raw only if it is always 0"
    correlation = np.asarray(np.corrcoef(np.delete(IRIS, 4, axis=0)[:, 2:].T))[0, 1]
    assert shown[5:] == ["correlated    'a' and 'f' 1.0000", f"              'c' and 'd' {correlation:.4f}"]
    derived = json.loads(run_zm("inspect", "x.npz", "--json", cwd=tmp_path).out)["covariance"]["condition"]
    assert (derived["dependent"], derived["dependent_features"]) == (1, ["a", "f"])


def test_json_has_the_derived_numbers_and_is_a_stats_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("\n".join(["a,b,c,d", *(",".join(map(repr, row)) for row in IRIS.tolist())]))
    ran = run_zm("stats", "x.csv", "--covariance", "--json", cwd=tmp_path)
    document = json.loads(ran.out)
    jsonschema.validate(document, load_closed("stats"))
    found = document["covariance"]
    assert found["condition"]["standardized"] == pytest.approx(np.linalg.cond(np.corrcoef(IRIS.T)), rel=1e-9)
    assert found["correlated"] == [{"features": ["c", "d"], "r": pytest.approx(np.asarray(np.corrcoef(IRIS.T))[2, 3])}]
    assert found["correlated_total"] == 1
    (tmp_path / "x.stats.json").write_text(ran.out)
    inspected = run_zm("inspect", "x.stats.json", "--json", cwd=tmp_path)
    assert json.loads(inspected.out)["covariance"] == found
