"""Which parts of an output are joined: all of one output, each once; what is wrong with others is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.outputs.provenance import Provenance
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.applying.join import join_parts
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan


@pytest.fixture
def table(tmp_path: Path) -> str:
    rows = "".join(f"{number}.5,{number % 3}\n" for number in range(12))
    (tmp_path / "x.csv").write_text(f"a,b\n{rows}")
    return str(tmp_path / "x.csv")


def write(table: str, name: str, shard: Shard, options: ApplyOptions | None = None, **reading: int) -> str:
    """Writes a part of the table; returns its path."""
    stats, _ = measure([open_source(table, ReadOptions())], MeasureOptions(), Plan(1))
    output = str(Path(table).with_name(name))
    source, columns = open_to_apply(table, ReadOptions(shard=shard, **reading), stats)
    apply(source, columns, output, options or ApplyOptions("standardize"), Plan(1))
    return output


def test_the_difference_of_parts_is_named(table: str) -> None:
    first, joined = write(table, "1.csv", Shard(1, 2)), str(Path(table).with_name("joined.csv"))
    for options, difference in (
        (ApplyOptions("center"), "operation is center here, there standardize"),
        (ApplyOptions("standardize", dtype="float32"), "dtype is float32 here, there float64"),
        (ApplyOptions("standardize", ddof=1), "ddof is 1 here, there 0"),
        (ApplyOptions("standardize", impute="mean"), "impute is mean here, there not given"),
    ):
        other = write(table, "2.csv", Shard(2, 2), options)
        with pytest.raises(DataError, match="does not belong to") as caught:
            join_parts([first, other], joined)
        assert difference in str(caught.value)
    other = write(table, "2.csv", Shard(2, 2), limit=8)
    with pytest.raises(DataError, match="the data that were cut into parts have size 8, not "):
        join_parts([first, other], joined)


def test_parts_that_record_other_inputs_are_not_joined(table: str) -> None:
    parts = [
        write(
            table, f"{index}.csv", Shard(index, 2), ApplyOptions(provenance=Provenance("1", f"--shard {index}/2", text))
        )
        for index, text in ((1, "one"), (2, "two"))
    ]
    with pytest.raises(DataError, match="made of other inputs"):
        join_parts(parts, str(Path(table).with_name("joined.csv")))


def test_missing_parts_are_listed(table: str) -> None:
    part = write(table, "3.csv", Shard(3, 20))
    with pytest.raises(UsageError, match=r"parts 1, 2, 4, 5, 6, 7, 8, 9 and 11 more of 20 are missing"):
        join_parts([part], "joined.csv")
    with pytest.raises(UsageError, match=r"parts 1, 2 of 4 are missing"):
        join_parts([write(table, "3.csv", Shard(3, 4)), write(table, "4.csv", Shard(4, 4))], "joined.csv")


def test_a_part_that_is_named_twice_is_refused(table: str) -> None:
    first, second = write(table, "1.csv", Shard(1, 2)), write(table, "2.csv", Shard(2, 2))
    with pytest.raises(UsageError, match="is named twice") as caught:
        join_parts([first, second, f"{Path(table).parent}/./2.csv"], "joined.csv")
    assert caught.value.where == f"{Path(table).parent}/./2.csv"
    with pytest.raises(UsageError, match=r"is part 2/2, and so is .*2\.csv"):
        join_parts([first, second, write(table, "3.csv", Shard(2, 2))], "joined.csv")


def test_only_parts_are_joined(table: str, tmp_path: Path) -> None:
    part = write(table, "1.csv", Shard(1, 1))
    with pytest.raises(DataError, match="is not a part of an output"):
        join_parts([part, table], "joined.csv")
    with pytest.raises(UsageError, match="a table is written as CSV text"):
        join_parts([part], str(tmp_path / "joined.h5"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=r"is of another format than .*: images, not csv"):
        join_parts([part, str(tmp_path / "folder")], "joined.csv")
    receipt = json.loads(Path(f"{part}.zm.json").read_text())
    for shard in (
        None,
        {},
        {"index": 2, "of": 1},
        {"index": True, "of": 1},
        {"index": 1, "of": 1, "total": -1},
        {"index": 1, "of": 1, "files": "9"},
        [1, 1],
    ):
        Path(f"{part}.zm.json").write_text(json.dumps(receipt | {"shard": shard}))
        with pytest.raises(DataError, match="is not a part of an output"):
            join_parts([part], str(tmp_path / "joined.csv"))
    Path(f"{part}.zm.json").write_text("{")
    with pytest.raises(DataError, match="its receipt cannot be read"):
        join_parts([part], str(tmp_path / "joined.csv"))
    assert not (tmp_path / "joined.csv").exists()
