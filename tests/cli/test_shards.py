"""Parts of the data on the command line: measured, merged, written and joined, as scripts of schedulers do it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.shell import Ran, put_zm_on_path, run_zm
from tests.systems import slow


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


@slow
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


@slow
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


@slow
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


@slow
def test_join_takes_a_folder_of_parts_and_lists(table: Path) -> None:
    assert zm(table, "center x.csv --stats all.json --parts 2 -q -o x.parts").code == 0
    shown = zm(table, "inspect x.parts").out
    assert "folder of parts" in shown
    assert "Join its 2 parts: zm join x.parts -o whole.csv" in shown
    parts = "x.parts/part-1-of-2.csv x.parts/part-2-of-2.csv"
    (table / "list.txt").write_text(parts.replace(" ", "\n"))
    for given in ("x.parts", f"x.parts/parts.json {parts} x.parts/part-1-of-2.csv.zm.json", "@list.txt"):
        assert zm(table, f"join {given} -o out.csv -v").err == "zm: 2 parts in out.csv\n"
    assert zm(table, "join --files-from list.txt -o out.csv -v").err == "zm: 2 parts in out.csv\n"
    assert "list.txt: is an input" in zm(table, "join @list.txt -o list.txt").err
    assert "x.parts/part-1-of-2.csv: is given twice" in zm(table, f"join {parts} @list.txt -o out.csv").err
    (table / "x.parts" / "part-2-of-2.csv").unlink()
    ran = zm(table, "join x.parts -o out.csv")
    assert (ran.code, ran.err) == (
        3,
        "zm: error: x.parts/parts.json: lists part-2-of-2.csv, which is not there; write the parts again\n",
    )


@slow
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


@slow
def test_inspect_says_once_which_part_was_measured(table: Path) -> None:
    for index in (1, 3):
        assert zm(table, f"stats x.csv --shard {index}/3 -q -o {index}.json").code == 0
    shown = zm(table, "inspect 1.json").out.splitlines()
    assert shown[3:5] == ["samples       4", "part          1/3 of the data (--shard); zm merge joins all parts"]
    ran = zm(table, "merge 1.json 3.json --force -o some.json")
    assert "x.csv: part 2 of 3 is missing; what is missing can be merged with the result later" in ran.err
    shown = zm(table, "inspect some.json").out.splitlines()
    assert shown[3:5] == ["samples       7", "part          of x.csv, part 2 of 3 is missing; zm merge joins all parts"]
    ran = zm(table, "center x.csv --stats some.json -o out.csv")
    assert ran.code == 3
    assert "are of some parts of the data (--shard): of x.csv, part 2 of 3 is missing; join all parts with" in ran.err
