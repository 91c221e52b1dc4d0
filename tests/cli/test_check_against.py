"""`zm inspect --against`: data, or statistics of data, are compared with training statistics."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_iris

from tests.cli.checking import document, done, inspect, make_wine, write_table
from tests.shell import run_at_terminal, run_zm


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_wine(tmp_path_factory.mktemp("checks"))


def test_training_data_match_their_own_statistics(folder: Path) -> None:
    ran = inspect(folder / "train.csv", "--against", folder / "s.json", "--max-outside", "0", "--max-shift", "0")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"as in {folder / 's.json'}: 13 columns within the limits\n"
    shown = inspect(folder / "train.csv", "--against", folder / "s.json", "-v").out.splitlines()
    assert len(shown) == 15
    assert shown[2].split()[:5] == ["alcohol", "0", "1", "0%", "0%"]
    assert "proline" in run_at_terminal("inspect", folder / "train.csv", "--against", folder / "s.json").out


def test_features_that_have_moved_are_shown_with_their_limits(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(0, 1, (400, 4))
    train = write_table(tmp_path / "train.csv", ["same", "moved", "wider", "holes"], values)
    done("stats", train, "-o", tmp_path / "s.json")
    values[:, 1] += 0.5
    values[:, 2] *= 1.5
    values[::4, 3] = np.nan
    new = write_table(tmp_path / "new.csv", ["same", "moved", "wider", "holes"], values)
    ran = inspect(new, "--against", tmp_path / "s.json")
    assert ran.code == 1
    first, _, moved, wider, holes, _ = ran.out.splitlines()
    assert first == f"off: 3 of 4 columns not as in {tmp_path / 's.json'}"
    assert "> 0.1 " in moved
    assert "1.5 > 1.2 " in wider
    assert "25% > 1% " in holes
    found = document(new, "--against", tmp_path / "s.json", "--max-outside", "0")
    by_name = {feature["name"]: feature for feature in found["features"]}
    outside = (values[:, 1] > by_name["moved"]["train_max"]).mean()
    assert by_name["moved"]["outside"] == outside > 0
    assert by_name["moved"]["off"] == ["shift", "outside"]
    lax = ("--max-shift", "1", "--max-ratio", "2", "--max-missing", "0.3")
    assert inspect(new, "--against", tmp_path / "s.json", *lax).code == 0


def test_missing_columns_fail_and_extra_columns_do_not(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b,c,d\n" + "1,2,3,4\n5,6,7,8\n" * 3)
    done("stats", tmp_path / "train.csv", "-o", tmp_path / "s.json")
    (tmp_path / "new.csv").write_text("d,x,b,c\n" + "4,0,2,3\n8,1,text,7\n" * 3)
    found = document(tmp_path / "new.csv", "--against", tmp_path / "s.json")
    assert (found["missing_columns"], found["extra_columns"]) == (["a", "b"], ["x"])
    assert [(feature["name"], feature["ok"]) for feature in found["features"]] == [("c", True), ("d", True)]
    ran = inspect(tmp_path / "new.csv", "--against", tmp_path / "s.json")
    assert ran.out.splitlines()[:2] == [
        f"off: 2 of 4 columns not as in {tmp_path / 's.json'}",
        "missing or not numeric: 'a', 'b'",
    ]
    assert "columns without statistics, not compared: 'x'" in ran.err
    assert inspect(tmp_path / "new.csv", "--against", tmp_path / "s.json", "--exclude", "a,b").code == 0
    assert inspect(tmp_path / "new.csv", "--against", tmp_path / "s.json", "--columns", "z").code == 2


def test_a_column_that_lost_all_its_values_is_off(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b\n1,2\n3,4\n")
    done("stats", tmp_path / "train.csv", "-o", tmp_path / "s.json")
    (tmp_path / "new.csv").write_text("a,b\n1,\n3,NA\n")
    found = document(tmp_path / "new.csv", "--against", tmp_path / "s.json")
    assert found["features"][1]["off"] == ["count", "missing"]
    assert "no values" in inspect(tmp_path / "new.csv", "--against", tmp_path / "s.json").out


def test_pictures_are_decoded_as_for_the_statistics(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for name, shift in (("train", 0), ("same", 0), ("brighter", 60)):
        (tmp_path / name).mkdir()
        for number in range(3):
            pixels = random.integers(20, 180, (8, 6, 3), dtype=np.uint8) + np.uint8(shift)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    done("stats", tmp_path / "train", "--mode", "L", "--resize", "3x4", "--unit", "-o", tmp_path / "s.json")
    lax = ("--max-ratio", "2", "--max-shift", "0.9")
    same = document(tmp_path / "same", "--against", tmp_path / "s.json", *lax)
    assert (same["ok"], same["features"][0]["count"]) == (True, 36)
    assert 0 <= same["features"][0]["min"] < same["features"][0]["max"] <= 1
    brighter = document(tmp_path / "brighter", "--against", tmp_path / "s.json", *lax)
    assert brighter["features"][0]["off"] == ["shift"]
    assert brighter["features"][0]["outside"] > 0
    ran = inspect(tmp_path / "same", "--against", tmp_path / "s.json", "--mode", "RGB")
    assert (ran.code, ran.out) == (3, "")


def test_transformed_data_are_not_compared_as_raw_data(folder: Path) -> None:
    ran = inspect(folder / "out.csv", "--against", folder / "s.json")
    assert ran.code == 1
    assert "is standardized already" in ran.err


def test_data_that_do_not_fit_are_an_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text("a,b\n" + "\n".join(f"{row[0]},{row[1]}" for row in load_iris().data) + "\n")
    for path in (tmp_path / "iris.csv", folder / "digits.h5"):
        ran = inspect(path, "--against", folder / "s.json")
        assert (ran.code, ran.out, ran.err.count("\n")) == (3, "", 1)


def test_statistics_are_compared_with_statistics(folder: Path, tmp_path: Path) -> None:
    done("stats", folder / "test.csv", "-o", tmp_path / "test.json")
    found = document(tmp_path / "test.json", "--against", folder / "s.json")
    from_data = document(folder / "test.csv", "--against", folder / "s.json")
    assert found["features"][0] == from_data["features"][0] | {"outside": None}
    lines = inspect(tmp_path / "test.json", "--against", folder / "s.json", "-v").out.splitlines()
    assert all(line.split("%")[1].split()[0] == "-" for line in lines[2:15])
    assert [" below" in line for line in lines[2:15]] == [
        feature["min"] < feature["train_min"] for feature in sorted(found["features"], key=lambda each: each["ok"])
    ]


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of two columns and a label, and its statistics, quantiles and groups."""
    made = tmp_path_factory.mktemp("groups")
    random = np.random.default_rng(8)
    write_groups(made / "train.csv", random.normal(size=(400, 2)), ["x", "y"])
    done("stats", made / "train.csv", "--quantiles", "default", "--by", "group", "-o", made / "s.json")
    return made


def write_groups(path: Path, values: np.ndarray, labels: list[str]) -> Path:
    rows = (f"{a},{b},{labels[number % len(labels)]}\n" for number, (a, b) in enumerate(values.tolist()))
    path.write_text("a,b,group\n" + "".join(rows))
    return path


def test_a_distribution_that_has_changed_is_shown_with_its_limit(groups: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(9).normal(size=(400, 2))
    values[:, 1] = np.sign(values[:, 1])
    new = write_groups(tmp_path / "new.csv", values, ["x", "y"])
    ran = inspect(new, "--against", groups / "s.json", "--max-shift", "0.2")
    assert (ran.code, ran.err) == (1, "")
    first, heading, row, meaning, _ = ran.out.splitlines()
    assert first == f"off: 1 of 2 columns not as in {groups / 's.json'}"
    assert heading.split() == ["column", "shift", "ratio", "missing", "outside", "psi", "quantile", "mean", "std"]
    assert row.startswith("b ")
    assert re.search(r" > 0\.25 \+ 0\.11 .* q50 ", row)
    assert meaning == "psi: its limit + what chance may add in so few samples"
    lax = ("--max-psi", "99", "--max-shift", "0.2")
    assert inspect(new, "--against", groups / "s.json", *lax).code == 0
    found = document(new, "--against", groups / "s.json", *lax, "--max-quantile-shift", "0.5")
    assert [feature["off"] for feature in found["features"]] == [[], ["quantile_shift"]]
    # The same, from statistics of the new data.
    done("stats", new, "--quantiles", "50", "--by", "group", "-o", tmp_path / "new.json")
    again = document(tmp_path / "new.json", "--against", groups / "s.json", *lax, "--max-quantile-shift", "0.5")
    assert [feature["psi"] for feature in again["features"]] == [feature["psi"] for feature in found["features"]]


def test_groups_that_training_did_not_have_are_named(groups: Path, tmp_path: Path) -> None:
    rows = (groups / "train.csv").read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join([*rows[:301], *(row[:-1] + "z" for row in rows[301:])]) + "\n")
    ran = inspect(tmp_path / "new.csv", "--against", groups / "s.json")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines() == [
        f"off: groups that {groups / 's.json'} does not have: 2 columns within the limits",
        "not in training (group): 'z', 25% of the samples",
    ]
    assert document(tmp_path / "new.csv", "--against", groups / "s.json")["unseen"] == ["z"]


def test_a_pipe_is_grouped_where_it_is_asked_for(groups: Path) -> None:
    text = (groups / "train.csv").read_bytes()
    ran = run_zm("inspect", "-", "--against", groups / "s.json", stdin=text)
    assert (ran.code, ran.err) == (
        0,
        "zm: -: is not grouped by group, so its groups are not compared; --by group does that\n",
    )


def test_classes_of_pictures_that_training_did_not_have_are_named(tmp_path: Path) -> None:
    for name in ("train/cat", "train/dog", "new/cat", "new/emu"):
        (tmp_path / name).mkdir(parents=True)
        Image.new("L", (2, 2), 7).save(tmp_path / name / "0.png")
    done("stats", tmp_path / "train", "-o", tmp_path / "s.json")
    ran = inspect(tmp_path / "new", "--against", tmp_path / "s.json")
    assert ran.code == 1
    assert ran.out.splitlines()[1] == "not in training (class): 'emu', 50% of the samples"
    assert ran.err == f"zm: {tmp_path / 'new'}: nothing of these groups of the training data: 'dog'\n"


@pytest.mark.parametrize("limit", [["--max-psi", "0.0001"], ["--max-quantile-shift", "0.00001"]])
@pytest.mark.parametrize("without", ["new", "training"])
def test_limits_on_distributions_are_refused_without_quantiles(groups: Path, limit: list[str], without: str) -> None:
    done("stats", groups / "train.csv", "-o", groups / "bare.json")
    new, training = ("bare.json", "s.json") if without == "new" else ("s.json", "bare.json")
    assert inspect(groups / new, "--against", groups / training).code == 0
    ran = inspect(groups / new, "--against", groups / training, *limit)
    assert (ran.code, ran.out) == (2, "")
    assert f"{limit[0]} needs quantiles, which {groups / 'bare.json'} does not hold" in ran.err


def test_a_limit_on_distributions_of_another_scale_is_refused(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 60_000, (30_000, 1)).astype("uint16")
    np.save(tmp_path / "v.npy", values)
    done("stats", tmp_path / "v.npy", "--quantiles", "default", "-o", tmp_path / "stored.json")
    done("stats", tmp_path / "v.npy", "--quantiles", "default", "--unit", "-o", tmp_path / "unit.json")
    compared = (tmp_path / "stored.json", "--against", tmp_path / "unit.json")
    assert inspect(*compared).code == 0
    ran = inspect(*compared, "--max-psi", "0.1")
    assert (ran.code, ran.out) == (2, "")
    assert "--max-psi cannot be checked" in ran.err


def test_a_stats_file_does_not_say_how_much_is_outside(folder: Path, tmp_path: Path) -> None:
    done("stats", folder / "test.csv", "-o", tmp_path / "test.json")
    ran = inspect(tmp_path / "test.json", "--against", folder / "s.json", "--max-outside", "1")
    assert (ran.code, ran.out) == (2, "")
    assert "--max-outside needs the data" in ran.err


def test_a_column_of_mostly_zeros_has_a_finite_shift(tmp_path: Path) -> None:
    random = np.random.default_rng(7)
    for name, factor in (("train", 1), ("same", 1), ("moved", 2)):
        values = random.exponential(size=(3000, 1)) * (random.random((3000, 1)) < 0.2) * factor
        write_table(tmp_path / f"{name}.csv", ["a"], values, labels=False)
    done("stats", tmp_path / "train.csv", "--quantiles", "default", "-o", tmp_path / "s.json")
    lax = ["--max-quantile-shift", "0.2", "--max-shift", "9", "--max-ratio", "9"]
    (same,) = document(tmp_path / "same.csv", "--against", tmp_path / "s.json", *lax)["features"]
    assert (same["ok"], same["quantile_scale"] > 0) == (True, True)
    (moved,) = document(tmp_path / "moved.csv", "--against", tmp_path / "s.json", *lax)["features"]
    assert moved["off"] == ["quantile_shift"]


def test_what_chance_may_add_is_shown_where_it_decides(tmp_path: Path) -> None:
    random = np.random.default_rng(12)
    write_table(tmp_path / "train.csv", ["a"], random.normal(size=(500, 1)), labels=False)
    write_table(tmp_path / "new.csv", ["a"], random.normal(0.8, 1, size=(23, 1)), labels=False)
    done("stats", tmp_path / "train.csv", "--quantiles", "default", "-o", tmp_path / "s.json")
    ran = inspect(tmp_path / "new.csv", "--against", tmp_path / "s.json", "--max-shift", "9", "--max-ratio", "9", "-v")
    (feature,) = document(tmp_path / "new.csv", "--against", tmp_path / "s.json", "--max-shift", "9")["features"]
    psi, noise = feature["psi"], feature["psi_noise"]
    assert 0.25 < psi < 0.25 + noise
    assert f"psi of 'a' is {psi:.2f}, over the limit of 0.25, but chance may add {noise:.2f}" in ran.err
    assert f" {psi:.2g} < 0.25 + {noise:.2g} " in ran.out
    assert ran.out.splitlines()[-1] == "psi: its limit + what chance may add in so few samples"
