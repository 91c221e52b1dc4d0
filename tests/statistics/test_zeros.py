"""Zeros: exact for any partition, the same from blocks and from counts, and in every stats file and table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.shell import run_zm
from tests.systems import slow
from zm_cli.statistics.zeros import Zeros

VALUES = np.array([[0.0, 1.0, np.nan], [-0.0, 2.0, 0.0], [np.inf, 0.0, 5e-324]])


def test_zeros_of_either_sign_are_counted_and_nothing_near_them() -> None:
    np.testing.assert_array_equal(Zeros.from_block(VALUES, (1,)).zeros, [2, 1, 1])
    np.testing.assert_array_equal(Zeros.from_block(VALUES, ()).zeros, [4])
    np.testing.assert_array_equal(Zeros.from_block(VALUES, (1,), missing_codes=(0,)).zeros, [0, 0, 0])


def test_zeros_survive_a_scale_and_not_a_shift() -> None:
    zeros = Zeros.from_block(VALUES, (1,))
    assert zeros.transform(np.zeros(3), np.full(3, 255.0)) == zeros
    assert zeros.transform(np.array([0.0, 1.0, 0.0]), np.ones(3)) is None


@slow
@pytest.mark.parametrize("name", ["s.json", "s.npz", "s.h5"])
def test_a_stats_file_keeps_them_where_they_are_asked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "t.csv").write_text("a,b,c\n0,1,x\n0.0,0,y\n3,,z\n")
    assert run_zm("stats", "t.csv", "--zeros", "-o", name, cwd=tmp_path).code == 0
    assert json.loads(run_zm("inspect", name, "--json", cwd=tmp_path).out)["zeros"] == [2, 1]
    assert "zeros" not in json.loads(run_zm("stats", "t.csv", "--json", cwd=tmp_path).out)
    assert run_zm("standardize", "t.csv", "--stats", name, cwd=tmp_path).code == 0


def test_photographs_are_counted_as_blocks_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    for index in range(3):
        pixels = rng.integers(0, 3, (200 + index, 210, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index}.png")
    found = []
    for per in ("channel", "all"):
        ran = run_zm("stats", tmp_path, "--zeros", "--unit", "--per", per, "--json")
        found.append(json.loads(ran.out)["zeros"])
    pixels = np.concatenate([np.asarray(Image.open(path)).reshape(-1, 3) for path in sorted(tmp_path.glob("*.png"))])
    assert found[0] == np.count_nonzero(pixels == 0, axis=0).tolist()
    assert found[1] == [int(np.count_nonzero(pixels == 0))]


def test_the_table_shows_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n0,1\n0,0\n")
    heading, row, _ = run_zm("stats", "t.csv", "--zeros", cwd=tmp_path).out.splitlines()
    assert heading.split()[-1] == "zeros"
    assert row.split()[-1] == "2"


def test_more_zeros_than_values_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n0\n1\n")
    run_zm("stats", "t.csv", "--zeros", "-o", "s.json", cwd=tmp_path)
    text = (tmp_path / "s.json").read_text().replace('"zeros": [1]', '"zeros": [3]')
    (tmp_path / "s.json").write_text(text)
    ran = run_zm("inspect", "s.json", cwd=tmp_path)
    assert (ran.code, "'zeros' are more than" in ran.err) == (3, True)


def test_statistics_that_are_applied_take_no_option_to_measure(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n0\n1\n")
    run_zm("stats", "t.csv", "-o", "s.json", cwd=tmp_path)
    ran = run_zm("center", "t.csv", "--stats", "s.json", "--zeros", cwd=tmp_path)
    assert (ran.code, "--zeros" in ran.err) == (2, True)


def test_zeros_of_real_values_are_those_of_stored_ones_unless_something_is_added() -> None:
    zeros = Zeros.from_block(VALUES, (1,))
    assert zeros.unpack(-0.5, 0.0) is zeros
    assert zeros.unpack(1.0, 5.0) is None
