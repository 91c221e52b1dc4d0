"""After writing, zm reports mean and std of the output, and warns if they are not as the statistics lead to expect."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.pipeline.applying.writing import write
from tests.shell import run_zm
from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.outputs.receipt import Operation
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan

SEED = 20261121
TRANSFORMED = "zm: 3 columns standardized: 'a', 'b', 'still'\n"


@pytest.fixture
def stats(tmp_path: Path) -> Path:
    """The statistics of a table: `a` has mean 10 and std 2, `b` mean 0 and std 1, `still` is constant."""
    write_table(tmp_path / "train.csv", 10, 2)
    assert run_zm("stats", tmp_path / "train.csv", "-o", tmp_path / "s.json").code == 0
    return tmp_path / "s.json"


def write_table(path: Path, mean: float, deviation: float, rows: int = 400) -> None:
    generator = np.random.default_rng(SEED)
    columns = generator.normal((mean, 0), (deviation, 1), (rows, 2))
    path.write_text("a,b,still\n" + "".join(f"{a},{b},7\n" for a, b in columns))


def standardize(tmp_path: Path, stats: Path, *options: str) -> tuple[str, dict[str, Any]]:
    ran = run_zm("standardize", tmp_path / "new.csv", "--stats", stats, "-o", tmp_path / "z.csv", "--json", *options)
    assert ran.code == 0, ran
    return ran.err.replace(TRANSFORMED, ""), json.loads(ran.out)["written"]


@pytest.mark.parametrize(("mean", "deviation"), [(10, 2), (11, 3), (10.5, 1)])
def test_data_like_those_of_the_statistics_cause_no_warning(
    mean: float, deviation: float, stats: Path, tmp_path: Path
) -> None:
    write_table(tmp_path / "new.csv", mean, deviation)
    messages, written = standardize(tmp_path, stats)
    assert messages == ""
    assert written["mean"][0] == pytest.approx((mean - 10) / 2, abs=0.3)
    assert written["std"][0] == pytest.approx(deviation / 2, rel=0.2)


@pytest.mark.parametrize(("mean", "deviation"), [(14, 2), (10, 9), (10, 0.2)])
def test_data_unlike_those_of_the_statistics_cause_a_warning(
    mean: float, deviation: float, stats: Path, tmp_path: Path
) -> None:
    write_table(tmp_path / "new.csv", mean, deviation)
    messages, _ = standardize(tmp_path, stats)
    assert messages.count("\n") == 1
    assert "warning: these data are not like those of the statistics: 'a'; a now has mean" in messages
    assert "'b'" not in messages


def test_a_single_row_says_nothing_about_a_deviation(stats: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "new.csv", 13, 2, rows=1)
    assert standardize(tmp_path, stats)[0] == ""


def test_the_reported_mean_and_std_are_those_of_the_file(stats: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "new.csv", 11, 3)
    _, written = standardize(tmp_path, stats)
    table = np.genfromtxt(tmp_path / "z.csv", delimiter=",", skip_header=1)
    assert written["names"] == ["a", "b", "still"]
    np.testing.assert_allclose(written["mean"], table.mean(axis=0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(written["std"], table.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("per", ["channel", "pixel"])
def test_pixels_are_compared_all_together(per: str, tmp_path: Path) -> None:
    values = np.random.default_rng(SEED).integers(0, 200, (50, 6, 5, 3), np.uint8)
    for name, data in (("train", values), ("dark", values // 9)):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"] = data
    run_zm("stats", tmp_path / "train.h5", "--per", per, "-o", tmp_path / "s.npz")
    ran = run_zm("center", tmp_path / "dark.h5", "--stats", tmp_path / "s.npz", "-o", tmp_path / "c.h5", "--json")
    assert "not like those of the statistics" in ran.err
    written = json.loads(ran.out)["written"]
    with h5py.File(tmp_path / "c.h5") as file:
        centered = file["x"][()].astype(float)
    axes = None if per == "pixel" else (0, 1, 2)
    # The file holds float32, each value rounded by 6e-8 at most.
    np.testing.assert_allclose(written["mean"], np.atleast_1d(centered.mean(axis=axes)), rtol=1e-7)
    np.testing.assert_allclose(written["std"], np.atleast_1d(centered.std(axis=axes)), rtol=1e-7)


@pytest.mark.parametrize("per", ["channel", "pixel"])
def test_data_transformed_by_their_own_statistics_are_as_expected(per: str, tmp_path: Path) -> None:
    values = np.random.default_rng(SEED).integers(0, 200, (50, 6, 5, 3), np.uint8)
    with h5py.File(tmp_path / "train.h5", "w") as file:
        file["x"] = values
    ran = run_zm("standardize", tmp_path / "train.h5", "--per", per, "-o", tmp_path / "z.h5", "--json")
    written = json.loads(ran.out)["written"]
    with h5py.File(tmp_path / "z.h5") as file:
        result = file["x"][()].astype(float)
    axes = None if per == "pixel" else (0, 1, 2)
    np.testing.assert_allclose(written["std"], np.atleast_1d(result.std(axis=axes)), rtol=1e-6)
    np.testing.assert_allclose(written["mean"], np.atleast_1d(result.mean(axis=axes)), atol=1e-6)


def test_values_that_become_infinite_are_counted(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["x"] = np.array([0] * 8 + [3e5, -3e5], "f4").reshape(-1, 1)
    ran = run_zm("center", tmp_path / "t.h5", "-o", tmp_path / "c.h5", "--dtype", "float16", "--json")
    assert ran.code == 0
    assert "2 values are beyond the range of float16" in ran.err
    assert json.loads(ran.out)["written"] is None


def test_imputed_values_are_part_of_what_is_expected(tmp_path: Path) -> None:
    numbers = np.random.default_rng(SEED).normal(3, 2, 40)
    rows = "".join(f"{x if row % 10 == 0 else ''},{x}\n" for row, x in enumerate(numbers))
    (tmp_path / "new.csv").write_text("a,b\n" + rows)
    own = run_zm("standardize", tmp_path / "new.csv", "-o", tmp_path / "o.csv", "--impute", "mean", "--json")
    again, written = standardize(tmp_path, tmp_path / "o.csv.stats.json", "--impute", "mean")
    assert "not like those" not in again + own.err
    table = np.genfromtxt(tmp_path / "z.csv", delimiter=",", skip_header=1)
    for reported in (written, json.loads(own.out)["written"]):
        np.testing.assert_allclose(reported["std"], table.std(axis=0), rtol=1e-12)


def test_a_number_that_json_cannot_hold_is_null(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n2\n3\n")
    ran = run_zm("standardize", tmp_path / "a.csv", "-o", tmp_path / "z.csv", "--epsilon", "1e200", "--json", "-q")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["written"]["std"] == [pytest.approx(0, abs=1e-190)]


@pytest.mark.parametrize(("operation", "done"), [("standardize", "standardized"), ("center", "centered")])
def test_an_inverse_of_data_that_were_never_transformed_causes_a_warning(
    operation: Operation, done: str, tmp_path: Path
) -> None:
    write_table(tmp_path / "train.csv", 10, 2)
    made = write(tmp_path / "train.csv", tmp_path / "z.csv", how=ApplyOptions(operation))
    undo = ApplyOptions(operation, inverse=True)
    (warning,) = write(tmp_path / "train.csv", tmp_path / "w.csv", made.stats, undo).outcome.warnings
    assert f"train.csv: does not look {done}" in warning
    assert "'a'; a has mean 10" in warning
    assert "'b'" not in warning
    forced = replace(undo, force=True)
    assert write(tmp_path / "train.csv", tmp_path / "w.csv", made.stats, forced).outcome.warnings == []
    (tmp_path / "z.csv").rename(tmp_path / "without_receipt.csv")
    assert write(tmp_path / "without_receipt.csv", tmp_path / "w.csv", made.stats, undo).outcome.warnings == []


@pytest.mark.parametrize("per", ["channel", "pixel"])
def test_arrays_that_were_never_standardized_are_recognized_before_an_inverse(per: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(SEED).integers(0, 200, (50, 6, 5, 3), np.uint8))
    source = open_source(str(tmp_path / "x.npy"), ReadOptions())
    stats, _ = measure([source], MeasureOptions(per), Plan(1))
    undo = ApplyOptions("standardize", inverse=True)
    (warning,) = write(tmp_path / "x.npy", tmp_path / "w.npy", stats, undo).outcome.warnings
    assert "does not look standardized" in warning
