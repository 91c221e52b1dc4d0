"""`zm inspect --check`: data are checked for a state or a method, as their receipt says."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from sklearn.decomposition import PCA

from tests.cli.checking import document, done, inspect, make_wine, write_table
from tests.inprocess import call_zm
from zm_cli.methods import methods_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wine(tmp_path_factory.mktemp("checks"))


def test_a_standardized_table_passes_the_check(folder: Path) -> None:
    for check in ("centered", "standardized"):
        ran = inspect(folder / "out.csv", "--check", check)
        assert (ran.code, ran.out, ran.err) == (0, f"{check}: 13 columns within 0.001\n", "")
    assert inspect(folder / "train.csv", "--check", "centered").code == 1


def test_data_standardized_by_other_statistics_fail_the_check(folder: Path) -> None:
    ran = inspect(folder / "out_test.csv", "--check", "standardized")
    assert ran.code == 1
    first, heading, *rows, hint = ran.out.splitlines()
    found = document(folder / "out_test.csv", "--check", "standardized")
    wrong = [feature for feature in found["features"] if not feature["ok"]]
    assert first == f"off: {len(wrong)} of 13 columns not standardized within 0.001"
    assert heading.split() == ["column", "count", "mean", "std"]
    assert [row.split()[0] for row in rows] == [feature["name"] for feature in wrong]
    assert all("> 0.001" in row or "< -0.001" in row or "> 1.001" in row or "< 0.999" in row for row in rows)
    assert "--columns" in hint
    assert inspect(folder / "out_test.csv", "--check", "standardized", "--tolerance", "0.5").code == 0


@pytest.mark.parametrize(
    "settings", [["--ddof", "1"], ["--epsilon", "2"], ["--dtype", "float16"], ["--dtype", "float64"]]
)
def test_pixels_are_checked_as_the_receipt_says(folder: Path, settings: list[str], tmp_path: Path) -> None:
    how = ["--layout", "NHW", "--per", "pixel"]
    done("standardize", folder / "digits.h5", *how, *settings, "-o", tmp_path / "out.h5")
    found = document(tmp_path / "out.h5", "--check", "standardized")
    assert (found["per"], found["ok"], len(found["features"])) == ("pixel", True, 64)
    assert sum(feature["constant"] for feature in found["features"]) == 3
    assert found["notes"] == [f"{tmp_path / 'out.h5'}: checked per pixel, as its receipt says"]


def test_the_deviation_is_compared_with_the_ddof_of_the_receipt(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "few.h5", "w") as file:
        file["x"] = np.array([[0.0], [1.0], [5.0]])
    done("standardize", tmp_path / "few.h5", "--ddof", "1", "-o", tmp_path / "out.h5")
    assert document(tmp_path / "out.h5", "--check", "standardized")["features"][0]["std"] == pytest.approx(1, abs=1e-6)
    with h5py.File(tmp_path / "out.h5", "a") as file:
        del file["x"].attrs["zm"]
    assert not document(tmp_path / "out.h5", "--check", "standardized")["ok"]


@pytest.mark.parametrize(("operation", "check"), [("center", "centered"), ("standardize", "standardized")])
def test_rounding_errors_of_a_constant_column_are_not_a_deviation(tmp_path: Path, operation: str, check: str) -> None:
    values = np.array([[0.1 + 0.2, 1], [0.3, 2]] * 5)
    table = write_table(tmp_path / "t.csv", ["a", "b"], values)
    assert values[:, 0].std() > 0
    done(operation, table, "-o", tmp_path / "out.csv")
    found = document(tmp_path / "out.csv", "--check", check)
    assert [feature["constant"] for feature in found["features"]] == [True, False]
    assert found["ok"]


@pytest.mark.parametrize("impute", [[], ["--impute", "mean"]])
def test_missing_values_do_not_fail_the_check(tmp_path: Path, impute: list[str]) -> None:
    (tmp_path / "t.csv").write_text("x,empty,y\n1,,NA\n,,3\n2,,5\n6,,NA\n")
    done("standardize", tmp_path / "t.csv", "-o", tmp_path / "out.csv", *impute)
    found = document(tmp_path / "out.csv", "--check", "standardized")
    assert found["ok"]
    assert [feature["name"] for feature in found["features"]] == ["x", "y"]
    assert found["notes"] == [f"{tmp_path / 'out.csv'}: not checked, because its receipt says they were left: 'empty'"]
    named = document(tmp_path / "out.csv", "--check", "standardized", "--columns", "x,empty")
    assert [feature["off"] for feature in named["features"]] == [[], ["count"]]


def test_a_column_that_was_not_transformed_is_not_checked(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.csv", ["id", "x"], np.arange(20.0).reshape(10, 2))
    done("standardize", table, "--exclude", "id", "-o", tmp_path / "out.csv")
    assert inspect(tmp_path / "out.csv", "--check", "standardized").code == 0
    assert inspect(tmp_path / "out.csv", "--check", "standardized", "--columns", "id").code == 1
    assert inspect(tmp_path / "out.csv", "--check", "standardized", "--exclude", "id").code == 0
    assert inspect(tmp_path / "out.csv", "--check", "standardized", "--columns", "x").code == 0


def test_a_stats_file_is_checked_like_its_data(folder: Path, tmp_path: Path) -> None:
    done("stats", folder / "out.csv", "-o", tmp_path / "own.json")
    assert document(tmp_path / "own.json", "--check", "standardized")["ok"]
    assert not document(folder / "s.json", "--check", "standardized")["ok"]
    assert len(document(folder / "s.json", "--check", "centered", "--columns", "ash")["features"]) == 1
    assert inspect(folder / "s.json", "--check", "centered", "--per", "all").code == 2


def test_a_table_of_many_features_is_shortened(folder: Path) -> None:
    ran = inspect(folder / "digits.h5", "--layout", "NHW", "--per", "pixel", "--check", "centered")
    lines = ran.out.splitlines()
    assert lines[0] == "off: 61 of 64 pixels not centered within 0.001"
    assert len(lines) == 43
    assert lines[-1] == "and 21 more; -v shows all"


@pytest.mark.parametrize("method", methods_of("scale"))
def test_scaled_data_are_checked_as_the_receipt_says(folder: Path, tmp_path: Path, method: str) -> None:
    done("scale", folder / "train.csv", "--method", method, "-o", tmp_path / "out.csv")
    found = document(tmp_path / "out.csv", "--check", "scaled")
    assert (found["ok"], found["method"], found["notes"]) == (True, method, [])
    ran = inspect(tmp_path / "out.csv", "--check", "scaled", "-v")
    heading = ran.out.splitlines()[1].split()
    assert heading[1:] == ["count", *found["expected"]]
    assert not document(folder / "train.csv", "--check", "scaled")["ok"]


@pytest.mark.parametrize("options", [["--range=-1,3"], ["--quantiles", "10,80"], ["--impute", "median"]])
def test_the_settings_of_scaled_data_are_those_of_the_receipt(tmp_path: Path, options: list[str]) -> None:
    random = np.random.default_rng(4)
    table = write_table(tmp_path / "t.csv", ["a", "b"], random.lognormal(size=(200, 2)))
    table.write_text(table.read_text().replace("\n", "\n,,hole\n", 1))
    for method in ("minmax", "quantile"):
        if "--quantiles" not in options or method == "quantile":
            done("scale", table, "--method", method, *options, "-o", tmp_path / f"{method}.csv")
            assert document(tmp_path / f"{method}.csv", "--check", "scaled")["ok"]


@pytest.mark.parametrize("settings", [[], ["--epsilon", "0.5"], ["--components", "5"], ["--ddof", "1"]])
def test_whitened_data_are_checked_as_the_receipt_says(folder: Path, tmp_path: Path, settings: list[str]) -> None:
    for method in methods_of("whiten"):
        done("whiten", folder / "train.csv", "--method", method, *settings, "-o", tmp_path / f"{method}.csv")
        found = document(tmp_path / f"{method}.csv", "--check", "whitened")
        assert (found["ok"], found["method"]) == (True, method)
    assert not document(folder / "out.csv", "--check", "whitened")["ok"]


def test_names_in_a_table_do_not_control_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\x1b[31mred,b\n5,1\n6,-1\n")
    ran = inspect(tmp_path / "t.csv", "--check", "centered")
    assert ran.code == 1
    assert "\x1b" not in ran.out
    assert "red" in ran.out


@pytest.fixture
def bare(folder: Path, tmp_path: Path) -> Path:
    """A table that was scaled by the method robust, without its receipt."""
    done("scale", folder / "train.csv", "--method", "robust", "-o", tmp_path / "made.csv")
    (tmp_path / "bare.csv").write_bytes((tmp_path / "made.csv").read_bytes())
    return tmp_path / "bare.csv"


def test_a_method_can_be_named_where_no_receipt_says_it(bare: Path) -> None:
    ran = inspect(bare, "--check", "robust")
    assert (ran.code, ran.out) == (0, "scaled (robust): 13 columns within 0.001\n")
    found = document(bare, "--check", "robust")
    assert (found["check"], found["method"]) == ("scaled", "robust")
    failed = inspect(bare, "--check", "scaled")
    assert failed.out.splitlines()[0] == "off: 13 of 13 columns not scaled (minmax) within 0.001"
    assert "no receipt says how it was scaled; checked as by zm scale --method minmax --range 0,1" in failed.err
    ran = inspect(bare.with_name("made.csv"), "--check", "maxabs")
    assert (ran.code, "its receipt says that it is scaled (robust)" in ran.err) == (1, True)


@pytest.mark.parametrize("method", methods_of("whiten"))
def test_methods_of_whitening_can_be_named(folder: Path, tmp_path: Path, method: str) -> None:
    done("whiten", folder / "train.csv", "--method", method, "-o", tmp_path / "made.csv")
    (tmp_path / "bare.csv").write_bytes((tmp_path / "made.csv").read_bytes())
    ran = inspect(tmp_path / "bare.csv", "--check", method, "--tolerance", "0.01")
    assert (ran.code, ran.out.partition(":")[0]) == (0, f"whitened ({method})")


def test_a_range_can_be_given_where_no_receipt_says_it(folder: Path, tmp_path: Path) -> None:
    done("scale", folder / "train.csv", "--range=-2,5", "-o", tmp_path / "made.csv")
    (tmp_path / "bare.csv").write_bytes((tmp_path / "made.csv").read_bytes())
    for check in ("scaled", "minmax"):
        assert inspect(tmp_path / "bare.csv", "--check", check, "--range=-2,5").code == 0
        assert inspect(tmp_path / "bare.csv", "--check", check).code == 1
        # A range that is given overrules the receipt.
        assert inspect(tmp_path / "made.csv", "--check", check, "--range=-2,6").code == 1
    refused = inspect(tmp_path / "bare.csv", "--check", "maxabs", "--range", "0,1")
    assert (refused.code, "--range: maxabs does not take it" in refused.err) == (2, True)


def test_a_ddof_can_be_given_where_no_receipt_says_it(folder: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(3).normal(size=(60, 3))
    write_table(tmp_path / "white.csv", ["a", "b", "c"], PCA(whiten=True).fit_transform(values))
    scaled = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    write_table(tmp_path / "scaled.csv", ["a", "b", "c"], scaled)
    for name, check in (("white.csv", "pca"), ("scaled.csv", "standardized")):
        assert inspect(tmp_path / name, "--check", check, "--ddof", "1").code == 0
        assert inspect(tmp_path / name, "--check", check).code == 1
    refused = inspect(tmp_path / "scaled.csv", "--ddof", "1")
    assert (refused.code, "--ddof needs --check" in refused.err) == (2, True)


def test_an_unknown_state_is_refused_with_all_that_there_are(folder: Path) -> None:
    ran = inspect(folder / "out.csv", "--check", "rubust")
    assert ran.code == 2
    assert ran.err == (
        "zm: error: --check: there is no 'rubust'; did you mean robust? choose from centered, standardized, scaled, "
        "whitened, l2, maxabs, minmax, pca, quantile, robust, zca\n"
    )


def test_samples_of_length_1_are_counted_as_samples(folder: Path, tmp_path: Path) -> None:
    done("scale", folder / "train.csv", "--method", "l2", "-o", tmp_path / "out.csv")
    assert inspect(tmp_path / "out.csv", "--check", "scaled").out == "scaled (l2): 120 samples within 0.001\n"
    lines = inspect(folder / "train.csv", "--check", "l2").out.splitlines()
    assert lines[0] == "off: 120 samples not scaled (l2) within 0.001"
    assert lines[1].split() == ["samples", "count", "length"]
    assert lines[-1] == "length: root of the mean squared length of the samples"
    assert inspect(tmp_path / "out.csv", "--check", "l2", "--per", "column").code == 2


def test_columns_whose_quantiles_became_equal_are_not_called_constant(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(size=(100, 2))
    values[:60, 0] = np.nan
    values[:, 1] = 3.0
    write_table(tmp_path / "t.csv", ["a", "b"], values)
    done("scale", tmp_path / "t.csv", "--method", "robust", "--impute", "median", "-o", tmp_path / "out.csv")
    ran = inspect(tmp_path / "out.csv", "--check", "scaled")
    assert ran.out == "scaled (robust): 2 columns within 0.001 (1 constant, 1 with equal quantiles)\n"


def test_headings_that_are_no_common_words_are_explained(folder: Path) -> None:
    for method, expected in {
        "zca": ["projected: largest |C @ C - C| of the covariance C"],
        "pca": ["correlated: largest |covariance| with another feature"],
        "robust": ["spread: distance between the quantiles 25% and 75%"],
        "quantile": ["low, high: the quantiles 1% and 99%"],
        "minmax": [],
    }.items():
        lines = inspect(folder / "train.csv", "--check", method).out.splitlines()
        assert [line for line in lines if ": " in line and not line.startswith("off")] == expected


@pytest.mark.parametrize("suffix", ["npz", "h5"])
def test_of_several_datasets_the_one_with_a_receipt_is_checked(tmp_path: Path, suffix: str) -> None:
    random = np.random.default_rng(0)
    arrays = {"x": random.normal(5, 2, (50, 3)), "y": random.normal(5, 2, (60, 4))}
    if suffix == "npz":
        np.savez(tmp_path / "d.npz", x=arrays["x"], y=arrays["y"])
    else:
        with h5py.File(tmp_path / "d.h5", "w") as file:
            for name, array in arrays.items():
                file[name] = array
    call_zm("standardize", f"d.{suffix}", "-o", f"o.{suffix}", "--dataset", "x", cwd=tmp_path)
    ran = call_zm("inspect", f"o.{suffix}", "--check", "standardized", cwd=tmp_path)
    name = "x" if suffix == "npz" else "/x"
    assert (ran.code, ran.out) == (0, "standardized: 3 columns within 0.001\n")
    assert ran.err == f"zm: o.{suffix}: checked '{name}', which its receipt says is transformed\n"
    assert call_zm("inspect", f"o.{suffix}", "--check", "standardized", "--dataset", "y", cwd=tmp_path).code == 1
    # Without a receipt, or with two, it is not clear which one is meant.
    assert call_zm("inspect", f"d.{suffix}", "--check", "standardized", cwd=tmp_path).code == 2
    call_zm("center", f"o.{suffix}", "-o", f"two.{suffix}", "--dataset", "y", cwd=tmp_path)
    assert call_zm("inspect", f"two.{suffix}", "--check", "standardized", cwd=tmp_path).code == 2
