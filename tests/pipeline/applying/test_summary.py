"""One line says what was transformed and what was left; a check looks only at what was transformed."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from tests.pipeline.applying.writing import write
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.outputs import receipt as receipts
from zm_cli.outputs.receipt import record_columns
from zm_cli.pipeline.checking.check import find_untransformed
from zm_cli.pipeline.options import ApplyOptions

TABLE = "id,age,income,city\n" + "".join(f"{row},{row % 5},{row % 3}.5,c{row % 2}\n" for row in range(9))


def test_columns_transformed_and_left_are_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    made = write(tmp_path / "t.csv", tmp_path / "u.csv", exclude=("id",))
    assert made.told == ["2 columns standardized: 'age', 'income'; left as they are: 'id', 'city'"]
    back = write(tmp_path / "u.csv", tmp_path / "v.csv", made.stats, ApplyOptions("standardize", inverse=True))
    assert back.told == ["2 columns restored: 'age', 'income'; left as they are: 'id', 'city'"]
    (tmp_path / "one.csv").write_text("a\n1\n2\n")
    assert write(tmp_path / "one.csv", tmp_path / "w.csv", None, ApplyOptions("center")).told == [
        "1 column centered: 'a'"
    ]


@slow
def test_a_filter_in_a_pipe_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    assert run_zm("center", "t.csv", "-o", "-", cwd=tmp_path).err == ""
    line = "zm: 3 columns centered: 'id', 'age', 'income'; left as it is: 'city'\n"
    assert run_zm("center", "t.csv", "-o", "-", "-v", cwd=tmp_path).err.startswith(line)
    ran = run_zm("center", "t.csv", "-o", "u.csv", "--json", cwd=tmp_path)
    assert (ran.err, json.loads(ran.out)["notes"]) == (line, [line.removeprefix("zm: ").strip()])


def test_the_line_is_short_for_wide_tables(tmp_path: Path) -> None:
    rows = [",".join(f"column{index}" for index in range(1000)), *(",".join([row] * 1000) for row in ("1", "2"))]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    (told,) = write(tmp_path / "t.csv", tmp_path / "u.csv").told
    assert told.startswith("1,000 columns standardized: 'column0', ")
    assert told.endswith(" and 992 more")


def test_the_dataset_of_a_file_and_what_else_it_holds_are_told(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(4, 2, (20, 3))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"], file["y"] = values, np.arange(20)
    (told,) = write(tmp_path / "a.h5", tmp_path / "b.h5", dataset="/x").told
    assert told == "standardized: '/x'; left as it is: '/y'"
    np.savez(tmp_path / "a.npz", x=values, y=np.arange(20))
    (told,) = write(tmp_path / "a.npz", tmp_path / "b.npz").told
    assert told == "standardized: 'x'; left as it is: 'y'"
    np.save(tmp_path / "a.npy", values)
    assert write(tmp_path / "a.npy", tmp_path / "b.npy").told == []


def test_a_check_leaves_out_what_the_receipt_says_was_left(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    write(tmp_path / "t.csv", tmp_path / "u.csv", exclude=("id",))
    ran = run_zm("inspect", "u.csv", "--check", "standardized", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "standardized: 2 columns within 0.001\n")
    assert ran.err == "zm: u.csv: not checked, because its receipt says they were left: 'id'\n"
    assert run_zm("inspect", "u.csv", "--check", "standardized", "--columns", "id", cwd=tmp_path).code == 1
    receipt = json.loads((tmp_path / "u.csv.zm.json").read_text())
    del receipt["columns"]
    (tmp_path / "u.csv.zm.json").write_text(json.dumps(receipt))
    assert find_untransformed(open_source(str(tmp_path / "u.csv"), ReadOptions())) == []


def test_a_receipt_leaves_out_names_that_are_too_long_for_it() -> None:
    assert record_columns(["a", "b"]) == {"columns": ["a", "b"]}
    assert record_columns(None) == record_columns(["x" * receipts.MAX_NAMED]) == {}
