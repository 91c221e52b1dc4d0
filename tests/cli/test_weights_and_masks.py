"""`--weight`, `--mask` and `--by` as a user types them: what is refused, what is written, and what messages say."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.inprocess import call_zm

RNG = np.random.default_rng(20261122)
VALUES = RNG.normal(3, 2, (40, 3))
WEIGHTS = RNG.integers(1, 5, 40) / 4
HIDDEN = RNG.random((40, 3)) < 0.2
WITH_NAN = np.where(HIDDEN, np.nan, VALUES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "d.npy", VALUES)
    np.save(tmp_path / "w.npy", WEIGHTS)
    np.save(tmp_path / "m.npy", HIDDEN)
    np.save(tmp_path / "y.npy", np.arange(40) % 3)
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x"], file["m"], file["w"] = VALUES, HIDDEN, WEIGHTS
    rows = (f"{a!r},{b!r},{w!r}" for (a, b), w in zip(VALUES[:, :2].tolist(), WEIGHTS.tolist(), strict=True))
    (tmp_path / "t.csv").write_text("\n".join(["a,b,w", *rows, ""]))
    return tmp_path


def run(folder: Path, line: str) -> str:
    """Both streams of a command that succeeds."""
    ran = call_zm(*line.split(), cwd=folder)
    assert ran.code == 0, ran.err
    return ran.out + ran.err


def refuse(folder: Path, line: str) -> str:
    """The message of a command that fails without changing any file."""
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ran = call_zm(*line.split(), cwd=folder)
    assert ran.code > 0
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return ran.err


@pytest.mark.parametrize(
    "line",
    [
        "standardize d.npy --weight w.npy -o w.npy",
        "standardize d.npy --mask m.npy -o ./m.npy",
        "standardize d.npy --weight w.npy -o link.npy",
        "standardize d.npy --weight w.json -o out.npy --save-stats w.json",
        "stats d.npy --weight w.json -o w.json",
        "stats d.npy --by y.npy -o out.json --checkpoint y.npy",
        "stats d.npy --mask w.json -o out.json --checkpoint w.json",
    ],
)
def test_a_file_beside_the_data_is_not_overwritten(folder: Path, line: str) -> None:
    (folder / "w.json").write_bytes((folder / "w.npy").read_bytes())
    (folder / "link.npy").symlink_to(folder / "w.npy")
    assert "is an input" in refuse(folder, line)


def test_a_file_beside_one_source_is_not_used_for_several(folder: Path) -> None:
    np.save(folder / "e.npy", VALUES)
    for option, file in (("--weight", "w.npy"), ("--mask", "m.npy"), ("--by", "y.npy")):
        said = refuse(folder, f"stats d.npy e.npy {option} {file}")
        assert f"{option} {file} belongs to one source, but 2 are given" in said
        assert "zm merge" in said


def test_statistics_with_files_of_their_own_beside_them_are_merged(folder: Path) -> None:
    for part, rows in (("a", slice(0, 25)), ("b", slice(25, 40))):
        np.save(folder / f"{part}.npy", VALUES[rows])
        np.save(folder / f"{part}w.npy", WEIGHTS[rows])
        np.save(folder / f"{part}m.npy", HIDDEN[rows])
        np.save(folder / f"{part}y.npy", np.arange(40)[rows] % 3)
        beside = f"--weight {part}w.npy --mask {part}m.npy --by {part}y.npy"
        run(folder, f"stats {part}.npy {beside} -o {part}.json")
    run(folder, "merge a.json b.json -o ab.json")
    run(folder, "stats d.npy --weight w.npy --mask m.npy --by y.npy -o whole.json")
    merged, whole = (json.loads((folder / name).read_text()) for name in ("ab.json", "whole.json"))
    np.testing.assert_allclose(merged["mean"], whole["mean"], rtol=1e-12)
    np.testing.assert_allclose(merged["groups"]["mean"], whole["groups"]["mean"], rtol=1e-12)
    assert merged["groups"]["samples"] == whole["groups"]["samples"]
    run(folder, "stats b.npy -o plain.json")
    assert "--weight none instead of aw.npy" in refuse(folder, "merge a.json plain.json -o no.json")
    run(folder, "stats b.npy --weight bw.npy -o unmasked.json")
    assert "--mask none instead of am.npy" in refuse(folder, "merge a.json unmasked.json -o no.json")


@pytest.mark.parametrize(("data", "mask", "read"), [("d.npy", "m.npy", "npy"), ("d.h5", "/m", "h5")])
def test_masked_values_are_missing_in_the_output(folder: Path, data: str, mask: str, read: str) -> None:
    choice = " --dataset /x" if read == "h5" else ""

    def load(name: str) -> NDArray[np.float64]:
        if read == "npy":
            return np.asarray(np.load(folder / name))
        with h5py.File(folder / name) as file:
            return np.asarray(file["x"][()])

    written = json.loads(
        call_zm(*f"standardize {data}{choice} --mask {mask} -o out.{read} --json".split(), cwd=folder).out
    )
    made = (VALUES - np.nanmean(WITH_NAN, 0)) / np.nanstd(WITH_NAN, 0)
    np.testing.assert_allclose(load(f"out.{read}"), np.where(HIDDEN, np.nan, made), atol=1e-9)
    np.testing.assert_allclose(written["written"]["max"], np.nanmax(np.where(HIDDEN, np.nan, made), 0), atol=1e-9)
    run(folder, f"inspect out.{read}{choice} --check standardized")
    run(folder, f"standardize {data}{choice} --mask {mask} --impute mean -o full.{read}")
    np.testing.assert_allclose(load(f"full.{read}"), np.where(HIDDEN, 0, made), atol=1e-9)
    run(folder, f"center {data}{choice} --mask {mask} --stats out.{read}.stats.json -o again.{read}")
    assert np.isnan(load(f"again.{read}")).sum() == HIDDEN.sum()
    run(folder, f"scale {data}{choice} --method l2 --mask {mask} -o l2.{read}")
    length = np.sqrt(np.nansum(WITH_NAN**2, 1, keepdims=True))
    np.testing.assert_allclose(load(f"l2.{read}"), WITH_NAN / length, atol=1e-9)
    run(folder, f"whiten {data}{choice} --mask {mask} -o white.{read}")
    assert np.isnan(load(f"white.{read}")).any(axis=1).tolist() == HIDDEN.any(axis=1).tolist()


def test_masked_integers_are_missing_in_the_output(folder: Path) -> None:
    pixels = RNG.integers(0, 256, (40, 3)).astype(np.uint8)
    np.save(folder / "i.npy", pixels)
    run(folder, "standardize i.npy --mask m.npy -o out.npy")
    hidden = np.where(HIDDEN, np.nan, pixels)
    expected = (hidden - np.nanmean(hidden, 0)) / np.nanstd(hidden, 0)
    np.testing.assert_allclose(np.load(folder / "out.npy"), expected, atol=1e-6)
    said = refuse(folder, "standardize i.npy --mask m.npy -o no.npy --missing error")
    assert "masked (--mask m.npy)" in said


def test_a_check_of_weighted_data_says_so(folder: Path) -> None:
    run(folder, "standardize t.csv --weight w -o out.csv")
    ran = call_zm("inspect", "out.csv", "--check", "standardized", cwd=folder)
    assert "made with weighted statistics; to check with the same weights, add --weight w" in ran.err
    said = run(folder, "inspect out.csv --check standardized --weight w")
    assert "add --weight" not in said


def test_methods_that_take_no_weights_say_so(folder: Path) -> None:
    for method in ("robust", "quantile"):
        said = refuse(folder, f"scale t.csv --method {method} --weight w -o out.csv")
        assert f"--method {method} does not take weights" in said
        assert "leave out --weight" in said
    assert "--impute median does not take weights" in refuse(
        folder, "standardize t.csv --impute median --weight w -o out.csv"
    )
    assert "zm whiten has no such option" in refuse(folder, "whiten t.csv --weight w -o out.csv")
    run(folder, "whiten t.csv -o white.csv")
    assert "--check whitened does not take weights" in refuse(folder, "inspect white.csv --check whitened --weight w")


def test_samples_of_weight_0_are_not_missing(folder: Path) -> None:
    (folder / "z.csv").write_text("a,b,w\n1,2,0\n2,,1\n3,5,2\n4,,0\n5,7,1\n")
    run(folder, "stats z.csv --weight w --by w -o z.json")
    found = json.loads((folder / "z.json").read_text())
    assert (found["count"], found["missing"]) == ([3, 2], [0, 1])
    assert found["groups"]["samples"] == [0, 2, 1]
    assert found["groups"]["missing"] == [[0, 0], [0, 1], [0, 0]]
    run(folder, "standardize z.csv --weight w --indicator -o out.csv")
    assert (folder / "out.csv").read_text().splitlines()[0] == "a,b,w,b_missing"


def test_weights_that_are_all_0_are_named(folder: Path) -> None:
    (folder / "z.csv").write_text("a,w\n1,0\n2,0\n")
    assert "every weight is 0 (--weight w)" in refuse(folder, "stats z.csv --weight w -o z.json")


@pytest.mark.parametrize("fill", ["mean", "median"])
def test_a_check_tells_of_values_filled_in(folder: Path, fill: str) -> None:
    rows = RNG.normal(size=(60, 2))
    text = "\n".join(f"{a},{'' if index % 4 == 0 else b}" for index, (a, b) in enumerate(rows))
    (folder / "g.csv").write_text(f"a,b\n{text}\n")
    run(folder, f"whiten g.csv --impute {fill} -o white.csv")
    said = call_zm("inspect", "white.csv", "--check", "whitened", cwd=folder).err
    assert f"missing values were filled with the {fill}" in said
    run(folder, f"standardize g.csv --impute {fill} -o std.csv")
    said = call_zm("inspect", "std.csv", "--check", "standardized", cwd=folder).err
    # A filled mean leaves means as they are, and lower deviations are expected.
    assert ("missing values were filled with the median" in said) == (fill == "median")


def test_the_likeliest_arrays_are_proposed_first(folder: Path) -> None:
    with h5py.File(folder / "many.h5", "w") as file:
        for name in ("a", "b", "c", "d"):
            file[name] = np.zeros((6, 2), bool)
        file["images"], file["labels"], file["m"] = np.ones((6, 5, 5)), np.arange(6), np.zeros((6, 5, 5), np.uint8)
    said = refuse(folder, "stats many.h5 --by /labels --mask /m -o many.json")
    assert "There are /images (6, 5, 5)" in said
    assert "/m " not in said
    assert "/images (6, 5, 5) float64, /m" in refuse(folder, "stats many.h5 --by /labels -o many.json")


def test_an_option_of_other_formats_lists_them(folder: Path) -> None:
    (folder / "images").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "images" / "a.png")
    assert "--weight is for csv, hdf5 and npy, not for images" in refuse(folder, "stats images --weight w -o no.json")


def test_a_group_for_nearly_every_sample_is_noted(folder: Path) -> None:
    assert "37 groups for 40 samples" in run_by_nearly_all(folder)
    assert "groups for" not in run(folder, "stats d.npy --by y.npy")


def run_by_nearly_all(folder: Path) -> str:
    rows = "\n".join(f"{index},{min(index, 36) / 8}" for index in range(40))
    (folder / "f.csv").write_text(f"a,f\n{rows}\n")
    return run(folder, "stats f.csv --by f")


def test_statistics_that_are_applied_take_no_weights(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,w\n1,1\n2,2\n")
    call_zm("stats", "t.csv", "--columns", "a", "-o", "s.json", cwd=tmp_path)
    ran = call_zm("center", "t.csv", "--stats", "s.json", "--weight", "w", "-o", "o.csv", cwd=tmp_path)
    assert (ran.code, "--weight cannot be combined with --stats" in ran.err) == (2, True)
