"""inspect gives up least of all: what cannot be measured is described, with a line that says how to go on."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.shell import run_zm
from zm_cli.cli.display.facts import layout_fact


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A file with 70 datasets, one of which is called like training data."""
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for index in range(69):
            file[f"run{index:02}/signal"] = np.ones((9, index + 2), "f4")
        file["x_train"] = np.ones((5, 4))
    return tmp_path / "many.h5"


def test_all_datasets_are_listed_and_one_is_proposed(many: Path) -> None:
    ran = run_zm("inspect", many.name, cwd=many.parent)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[4].split() == ["dataset", "shape", "type", "size"]
    assert lines[5].split() == ["/run00/signal", "9x2", "float32", "72", "bytes"]
    assert len([line for line in lines if line.startswith("/")]) == 70
    assert lines[-1] == "Try: zm inspect many.h5 --dataset /x_train"


def test_other_commands_refuse_with_a_short_error(many: Path) -> None:
    ran = run_zm("center", many.name, "-o", "out.h5", cwd=many.parent)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    # The largest are named first.
    assert "There are /run68/signal (9, 70) float32, " in ran.err
    assert " and 66 more; " in ran.err
    assert ran.err.endswith("for example --dataset /x_train; zm inspect many.h5 lists all\n")


def test_an_option_that_chooses_is_not_overruled(many: Path) -> None:
    ran = run_zm("inspect", many, "--dataset", "/x_trian")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean /x_train?" in ran.err


def test_damaged_data_are_shown_as_far_as_they_are_known(many: Path) -> None:
    many.write_bytes(many.read_bytes()[:5000])
    ran = run_zm("inspect", many.name, "--json", cwd=many.parent)
    assert (ran.code, json.loads(ran.err)["where"]) == (3, "many.h5")
    found = json.loads(ran.out)
    assert (found["format"], found["kind"], found["bytes"]) == ("zm-survey", "hdf5", 5000)
    assert "truncated" in found["reason"]


def test_a_table_without_rows_is_described(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\x1b[2J\n")
    ran = run_zm("inspect", tmp_path / "t.csv")
    assert (ran.code, ran.err) == (0, "")
    assert "has no samples" in ran.out
    assert ran.out.splitlines()[-1].startswith("A table needs rows")
    assert "\x1b" not in ran.out


def test_a_long_fact_is_wrapped_below_itself() -> None:
    text = ", ".join(f"class{index} (1,000)" for index in range(8))
    assert layout_fact("classes", text, None) == f"classes       {text}"
    lines = layout_fact("classes", text, 60).splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 60
    assert {line[:14] for line in lines[1:]} == {" " * 14}
    assert " ".join(line[14:] for line in lines) == text
    assert layout_fact("path", "x" * 99, 60).split() == ["path", "x" * 99]
