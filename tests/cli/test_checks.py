"""`zm inspect --check` and `--against`: exit codes, messages, JSON that matches its schema.

Where no pipe, terminal or exit code of a process matters, the command line is called in this one, which is faster.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits, load_iris, load_wine

from tests.inprocess import call_zm
from tests.schemas import load_closed
from tests.shell import Ran, run_at_terminal, run_zm, start_zm
from tests.systems import slow
from zm_cli.methods import methods_of

SCHEMA = load_closed("check")
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def inspect(path: str | Path, *arguments: str | Path) -> Ran:
    return call_zm("inspect", path, *arguments)


def document(path: str | Path, *arguments: str | Path) -> dict[str, Any]:
    """The findings as JSON, which must match the schema and the exit code."""
    ran = inspect(path, *arguments, "--json")
    found: dict[str, Any] = json.loads(ran.out)
    VALIDATOR.validate(found)
    assert ran.code == (0 if found["ok"] else 1)
    whole = not (found["missing_columns"] or found["unseen"])
    assert found["ok"] == (all(feature["ok"] for feature in found["features"]) and whole)
    return found


def write_table(path: Path, names: list[str], rows: np.ndarray, labels: bool = True) -> Path:
    lines = [",".join(map(repr, map(float, row))) + (",text" if labels else "") for row in rows]
    path.write_text("\n".join([",".join(names) + (",label" if labels else ""), *lines]) + "\n")
    return path


def done(*arguments: str | Path) -> None:
    ran = call_zm(*arguments, "-q")
    assert (ran.code, ran.err) == (0, "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wine data in two parts, both standardized by the statistics of the training part; and digits in HDF5."""
    made = tmp_path_factory.mktemp("checks")
    wine = load_wine()
    order = np.random.default_rng(0).permutation(len(wine.data))
    names = list(wine.feature_names)
    write_table(made / "train.csv", names, wine.data[order[:120]])
    write_table(made / "test.csv", names, wine.data[order[120:]])
    done("standardize", made / "train.csv", "-o", made / "out.csv", "--save-stats", made / "s.json")
    done("standardize", made / "test.csv", "-o", made / "out_test.csv", "--stats", made / "s.json")
    with h5py.File(made / "digits.h5", "w") as file:
        file["images"] = load_digits().images.astype(np.uint8)
    return made


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


def test_text_in_columns_that_play_no_part_is_not_told_again(tmp_path: Path) -> None:
    late = ["7"] * 60 + ["A/5"]
    rows = "".join(f"{row % 9},{row % 7},{'x7' if row % 2 else 7},{late[row]}\n" for row in range(61))
    (tmp_path / "t.csv").write_text("a,b,early,late\n" + rows)
    assert "'late' is left as text" in call_zm("standardize", tmp_path / "t.csv", "-o", tmp_path / "z.csv").err
    assert "is left as text" not in call_zm("inspect", tmp_path / "z.csv", "--check", "standardized").err
    for columns in ([], ["--columns", "a"]):
        ran = call_zm("inspect", tmp_path / "t.csv", "--against", tmp_path / "z.csv.stats.json", *columns)
        assert (ran.code, ran.err) == (0, "")
    (tmp_path / "new.csv").write_text("a,b\n" + "1,1\n" * 60 + "2,n/k\n")
    ran = call_zm("inspect", tmp_path / "new.csv", "--against", tmp_path / "z.csv.stats.json")
    assert "column 'b' is left as text: row 61" in ran.err


def test_a_stats_file_is_checked_like_its_data(folder: Path, tmp_path: Path) -> None:
    done("stats", folder / "out.csv", "-o", tmp_path / "own.json")
    assert document(tmp_path / "own.json", "--check", "standardized")["ok"]
    assert not document(folder / "s.json", "--check", "standardized")["ok"]
    assert len(document(folder / "s.json", "--check", "centered", "--columns", "ash")["features"]) == 1
    assert inspect(folder / "s.json", "--check", "centered", "--per", "all").code == 2


@slow
def test_tables_are_read_from_a_pipe(folder: Path) -> None:
    text = (folder / "out.csv").read_bytes()
    assert run_zm("inspect", "-", "--check", "standardized", stdin=text).code == 0
    text = (folder / "test.csv").read_bytes()
    ran = run_zm("inspect", "-", "--against", folder / "s.json", "--json", stdin=text)
    assert ran.code == 1
    expected = document(folder / "test.csv", "--against", folder / "s.json")
    assert json.loads(ran.out) == expected | {"path": "-"}
    stats = (folder / "s.json").read_bytes()
    assert run_zm("inspect", folder / "train.csv", "--against", "-", stdin=stats).code == 0
    assert run_zm("inspect", "-", "--against", "-", stdin=stats).code == 2


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
    found = document(tmp_path / "test.json", "--against", folder / "s.json", "--max-outside", "0")
    from_data = document(folder / "test.csv", "--against", folder / "s.json")
    assert found["features"][0] == from_data["features"][0] | {"outside": None}
    lines = inspect(tmp_path / "test.json", "--against", folder / "s.json", "-v").out.splitlines()
    assert all(line.split("%")[1].split()[0] == "-" for line in lines[2:15])
    assert [" below" in line for line in lines[2:15]] == [
        feature["min"] < feature["train_min"] for feature in sorted(found["features"], key=lambda each: each["ok"])
    ]


def test_a_table_of_many_features_is_shortened(folder: Path) -> None:
    ran = inspect(folder / "digits.h5", "--layout", "NHW", "--per", "pixel", "--check", "centered")
    lines = ran.out.splitlines()
    assert lines[0] == "off: 61 of 64 pixels not centered within 0.001"
    assert len(lines) == 43
    assert lines[-1] == "and 21 more; -v shows all"


@slow
def test_quiet_keeps_the_exit_code(folder: Path) -> None:
    for name, code in (("out.csv", 0), ("test.csv", 1)):
        ran = inspect(folder / name, "--check", "centered", "-q")
        assert (ran.code, ran.out, ran.err) == (code, "", "")
    ran = inspect(folder / "test.csv", "--against", folder / "s.json", "--max-shift", "0", "-q")
    assert (ran.code, ran.out, ran.err) == (1, "", "")


def test_a_closed_pipe_does_not_hide_that_the_check_fails(folder: Path) -> None:
    process = start_zm("inspect", folder / "digits.h5", "--per", "pixel", "--layout", "NHW", "--check", "centered",
                       "--json", stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, b"")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tolerance", "0.1"],
        ["--max-shift", "0.1"],
        ["--check", "centered", "--max-missing", "0.1"],
        ["--check", "centered", "--against", "s.json"],
        ["--check", "centered", "--tolerance", "-1"],
        ["--check", "centered", "--tolerance", "nan"],
        ["--against", "s.json", "--tolerance", "1"],
        ["--against", "s.json", "--max-ratio", "0.9"],
        ["--against", "s.json", "--max-ratio", "inf"],
        ["--against", "s.json", "--max-outside", "-0.1"],
        ["--max-psi", "0.1"],
        ["--against", "s.json", "--max-psi", "0.1"],
        ["--against", "s.json", "--max-quantile-shift", "1"],
        ["--against", "s.json", "--per", "all"],
        ["--against", "s.json", "--ignore", "0"],
        ["--against", "s.json", "--quantiles", "default"],
        ["--against", "none.json"],
    ],
)
def test_options_that_cannot_be_combined_are_refused(
    folder: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ran = inspect("test.csv", *arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


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
    first, heading, row, _ = ran.out.splitlines()
    assert first == f"off: 1 of 2 columns not as in {groups / 's.json'}"
    assert heading.split() == ["column", "shift", "ratio", "missing", "outside", "psi", "quantile", "mean", "std"]
    assert row.startswith("b ")
    assert " > 0.36 " in row
    assert " q50 " in row
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


def test_the_schema_refuses_contradictory_findings(folder: Path) -> None:
    found = document(folder / "test.csv", "--against", folder / "s.json")
    checked = document(folder / "test.csv", "--check", "centered")
    for wrong in (
        found | {"against": None},
        found | {"features": checked["features"]},
        found | {"limits": checked["limits"]},
        checked | {"against": "s.json"},
        checked | {"more": 1},
    ):
        assert not VALIDATOR.is_valid(wrong)
