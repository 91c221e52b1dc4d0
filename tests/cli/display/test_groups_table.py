"""What is printed of groups of samples: sizes, class weights, and the features in which they differ most."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from tests.inprocess import call_zm
from tests.made import make_stats
from tests.schemas import load_closed
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.cli.display.groups_table import print_groups
from zm_cli.data.block import Labels
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.statsfile.stats import Stats


def group(codes: list[int], names: tuple[str, ...], columns: int = 2) -> Stats:
    """The statistics of a table whose first columns are the code, and its remainder by 2, and the others constant."""
    labels = np.array(codes)
    values = np.zeros((len(codes), columns))
    values[:, 0], values[:, 1] = labels, labels % 2
    stats = make_stats(values, "column", axes="NC", names=tuple("abcdefghij"[:columns]))
    running = Accumulator((1,), by="kind")
    running.add_block(values, Labels(labels, names))
    return replace(stats, groups=running.groups)


def printed(stats: Stats, capsys: pytest.CaptureFixture[str], *, everything: bool = False) -> list[str]:
    print_groups(stats, everything=everything)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_sizes_class_weights_and_means_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(group([0, 0, 0, 1, 2, -1], ("x", "y", "z"), columns=3), capsys) == [
        "",
        "kind samples share class weight",
        "x 3 60.0% 0.555556",
        "y 1 20.0% 1.66667",
        "z 1 20.0% 1.66667",
        "without a label in kind: 1 sample",
        "",
        "variance between the groups, and their means:",
        "column between x y z",
        "a 100.0% 0 1 2",
        "b 100.0% 0 1 0",
    ]


def test_class_weights_are_those_of_scikit_learn(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = np.array([7, 2, 1])
    found = printed(group([0] * 7 + [1] * 2 + [2], ("x", "y", "z")), capsys)[2:5]
    expected = sizes.sum() / (len(sizes) * sizes)
    assert [float(line.split()[-1]) for line in found] == pytest.approx(expected.tolist(), rel=1e-5)


def test_of_many_groups_the_largest_are_shown_and_the_ends_of_their_means(capsys: pytest.CaptureFixture[str]) -> None:
    codes = [code for code in range(30) for _ in range(1 + code % 3)]
    stats = group(codes, tuple(f"g{code}" for code in range(30)))
    lines = printed(stats, capsys)
    assert lines[2] == "g11 3 5.0% 0.666667"
    assert lines[22] == "and 10 smaller groups with 10 samples; -v lists every group"
    assert lines[-2] == "a 100.0% 0 (g0) 29 (g29)"
    assert len(printed(stats, capsys, everything=True)) == 2 + 30 + 5


def test_one_group_none_and_constant_features_differ_in_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(group([0, 0], ("x",)), capsys) == ["", "kind samples share class weight", "x 2 100.0% 1"]
    assert printed(group([-1, -1], ()), capsys) == ["", "without a label in kind: 2 samples"]
    assert printed(replace(group([0], ("x",)), groups=None), capsys) == []


def test_long_names_do_not_head_columns(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(group([0, 1], ("x" * 30, "y" * 30)), capsys)
    assert lines[-3] == "column between lowest mean highest mean"


@slow
def test_stats_inspect_and_center_as_typed(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,kind,w\n1,x,1\n2,x,2\n6,y,1\n")
    shown = run_zm("stats", "t.csv", "--by", "kind", "--weight", "w", "-o", "s.json", cwd=tmp_path)
    assert (shown.code, shown.err) == (0, "")
    for path in (("s.json",), ("t.csv", "--by", "kind")):
        assert "class weight" in run_zm("inspect", *path, cwd=tmp_path).out
    found = json.loads(run_zm("inspect", "t.csv", "--by", "kind", "--json", cwd=tmp_path).out)
    assert found["groups"]["samples"] == [2, 1]
    refused = run_zm("center", "t.csv", "--by", "kind", "-o", "u.csv", cwd=tmp_path)
    assert "--by: zm center has no such option; it belongs to zm stats and zm inspect" in refused.err
    run_zm("standardize", "t.csv", "--weight", "w", "--ddof", "1", "-o", "u.csv", cwd=tmp_path)
    checked = run_zm("inspect", "u.csv", "--weight", "w", "--check", "standardized", cwd=tmp_path)
    assert checked.code == 0, checked


@pytest.mark.parametrize(
    ("width", "heading", "first"),
    [
        (60, "column between xxxxxxxxx yyyyyyyyy zzzzzzzzz", "a 100.0% 0.285714 1.71429 3.14286"),
        (46, "column between lowest mean highest mean", "a 100.0% xxxxxxxxx zzzzzzzzz"),
    ],
)
def test_means_are_shown_as_far_as_they_fit_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, heading: str, first: str
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    stats = group([0, 0, 0, 1, 1, 1, 2, 2, 2], ("xxxxxxxxx", "yyyyyyyyy", "zzzzzzzzz"))
    assert stats.groups is not None
    # Means with many digits.
    moments = stats.groups.moments.transform(np.full((3, 2), -0.2), np.full((3, 2), 0.7))
    lines = printed(replace(stats, groups=replace(stats.groups, moments=moments)), capsys)
    assert (lines[-3], lines[-2]) == (heading, first)


def test_json_has_the_class_weights_of_scikit_learn(tmp_path: Path) -> None:
    labels = ["x", "y", "x", "", "x", "z"]
    (tmp_path / "t.csv").write_text("a,kind,w\n" + "".join(f"{n},{label},{n % 5}\n" for n, label in enumerate(labels)))
    known = [label for label in labels if label]
    expected = compute_class_weight("balanced", classes=np.array(["x", "y", "z"]), y=known)
    for command in ("stats", "inspect"):
        found = json.loads(call_zm(command, "t.csv", "--by", "kind", "--json", cwd=tmp_path).out)["groups"]
        assert found["samples"] == [3, 1, 1]
        assert found["class_weights"] == pytest.approx(expected.tolist(), rel=1e-15)
    # The samples 0 and 5, the only one of group z, have the weight 0.
    ran = call_zm("stats", "t.csv", "--by", "kind", "--weight", "w", "-o", "w.json", cwd=tmp_path)
    assert ran.code == 0
    found = json.loads(call_zm("inspect", "w.json", "--json", cwd=tmp_path).out)
    jsonschema.validate(found, load_closed("stats"))
    assert found["groups"]["samples"] == [2, 1, 0]
    assert found["groups"]["class_weights"] == [0.75, 1.5, None]
