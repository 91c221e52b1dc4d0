"""Parts of the data on the command line: measured, merged, written and joined, as scripts of schedulers do it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.shell import Ran, put_zm_on_path, run_zm


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A folder with a table of 12 rows, `x.csv`, and its statistics, `all.json`."""
    rows = np.random.default_rng(2).normal(3, 2, (12, 2)).round(3)
    text = "".join(f"n{index},{a},{b}\n" for index, (a, b) in enumerate(rows.tolist()))
    (tmp_path / "x.csv").write_text(f"id,a,b\n{text}")
    assert run_zm("stats", "x.csv", "-o", "all.json", cwd=tmp_path).code == 0
    return tmp_path


def zm(folder: Path, line: str) -> Ran:
    return run_zm(*line.split(), cwd=folder)


def run_script(folder: Path, script: str) -> None:
    subprocess.run(["sh", "-ec", script], cwd=folder, env=put_zm_on_path(folder), check=True, timeout=120)


def test_a_loop_over_parts_measures_the_whole(table: Path) -> None:
    run_script(
        table,
        "for i in 1 2 3; do zm stats x.csv --shard $i/3 -q -o s$i.json; done\n"
        "zm merge s3.json s1.json s2.json -q -o merged.json",
    )
    merged, whole = (json.loads((table / name).read_text()) for name in ("merged.json", "all.json"))
    assert (merged["samples"], merged["shard"], merged["partial"]) == (12, None, False)
    for field in ("mean", "m2", "count", "min", "max"):
        np.testing.assert_allclose(merged[field], whole[field], rtol=1e-14)
    for field in ("names", "text_columns", "decoding", "dtype"):
        assert merged[field] == whole[field]


def test_parallel_processes_write_parts_that_join_to_the_whole(table: Path) -> None:
    run_script(
        table,
        "seq 4 | xargs -P 2 -I{} zm standardize x.csv --shard {}/4 --stats all.json -q -o out.{}.csv\n"
        "cat out.1.csv out.2.csv out.3.csv out.4.csv > cat.csv\n"
        "zm join out.*.csv -q -o joined.csv\n"
        "zm standardize x.csv --stats all.json -q -o whole.csv",
    )
    whole = (table / "whole.csv").read_bytes()
    assert (table / "cat.csv").read_bytes() == (table / "joined.csv").read_bytes() == whole
    assert (table / "joined.csv.zm.json").read_bytes() == (table / "whole.csv.zm.json").read_bytes()
    # A part says what it is, and is undone as the part that it is.
    assert "2/4 of the data; zm join joins all parts" in zm(table, "inspect out.2.csv").out
    assert zm(table, "standardize out.2.csv --inverse --stats all.json -q -o back.csv").code == 0
    assert [row[:2] for row in (table / "back.csv").read_text().splitlines()] == ["n3", "n4", "n5"]
    assert json.loads((table / "back.csv.zm.json").read_text())["shard"]["index"] == 2


def test_a_part_is_not_transformed_by_statistics_of_its_own(table: Path) -> None:
    ran = zm(table, "center x.csv --shard 2/3 -o out.csv")
    assert (ran.code, ran.out) == (2, "")
    assert "part 2/3 would be transformed by its own statistics" in ran.err
    assert "zm stats --shard 2/3" in ran.err
    assert "zm merge" in ran.err
    assert zm(table, "stats x.csv --shard 2/3 -o s2.json").code == 0
    for line in ("center x.csv -o out.csv --stats s2.json", "center x.csv --shard 1/3 -o out.csv --stats s2.json"):
        ran = zm(table, line)
        assert ran.code == 3
        assert (
            "the statistics are of part 2/3 of the data (--shard); join all parts with zm merge, or --force" in ran.err
        )
    assert not (table / "out.csv").exists()
    assert "2/3 of the data (--shard); zm merge joins all parts" in zm(table, "inspect s2.json").out


def test_an_empty_part_is_measured_and_written(table: Path) -> None:
    assert zm(table, "stats x.csv --shard 2/100 -o empty.json").err == ""
    document = json.loads((table / "empty.json").read_text())
    assert (document["samples"], document["shard"], document["range"]) == (0, {"index": 2, "of": 100}, None)
    shown = zm(table, "inspect empty.json")
    assert shown.code == 0
    assert "2/100 of the data" in shown.out
    assert zm(table, "standardize x.csv --shard 2/100 --stats all.json -q -o empty.csv").code == 0
    assert (table / "empty.csv").read_text() == ""


def test_another_part_is_another_output(table: Path) -> None:
    line = "center x.csv --stats all.json -o out.csv --if-changed --shard"
    assert "up to date" not in zm(table, f"{line} 1/2").err
    first = (table / "out.csv").read_text()
    assert "is up to date" in zm(table, f"{line} 1/2").err
    assert "different options" in zm(table, f"{line} 2/2 -v").err
    assert (table / "out.csv").read_text() != first


def test_join_says_what_is_wrong_and_leaves_what_is_there(table: Path) -> None:
    for index in (1, 2):
        assert zm(table, f"center x.csv --shard {index}/2 --stats all.json -q -o {index}.csv").code == 0
    ran = zm(table, "join 1.csv 2.csv")
    assert (ran.code, ran.err) == (
        2,
        "zm: error: --output: needs an output file; name a file or a folder with -o\n",
    )
    assert "2.csv: is an input" in zm(table, "join 1.csv 2.csv -o 2.csv").err
    (table / "out.csv").write_text("earlier")
    assert "out.csv: exists" in zm(table, "join 1.csv 2.csv -o out.csv --no-clobber").err
    assert (table / "out.csv").read_text() == "earlier"
    assert zm(table, "join 2.csv 1.csv -o out.csv -v").err == "zm: 2 parts in out.csv\n"
    assert (table / "out.csv").read_text() == (table / "1.csv").read_text() + (table / "2.csv").read_text()
