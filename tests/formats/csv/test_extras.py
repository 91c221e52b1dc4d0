"""The columns of labels and weights of a table: how they are named, what their cells mean, when they are features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.formats.csv.tables import open_table, read_blocks, read_values, rewrite, save
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError

TABLE = "a,kind,b,w\n1,x,2,0.5\n3, y ,4,1\n5,NA,6,0\n7,x,8,2e0\n"


def labels_of(source: Source) -> list[str | None]:
    found: list[str | None] = []
    for block in read_blocks(source):
        assert block.labels is not None
        found += [block.labels.names[code] if code >= 0 else None for code in block.labels.codes]
    return found


def weights_of(source: Source) -> list[float]:
    return [weight for block in read_blocks(source) if block.weights is not None for weight in block.weights.tolist()]


def open_text(folder: Path, text: str | bytes = TABLE, name: str = "table.csv", **options: Any) -> Source:
    return open_table(save(folder, text, name), **options)


def test_labels_are_the_text_of_cells_and_missing_ones_are_none(tmp_path: Path) -> None:
    source = open_text(tmp_path, by="kind")
    assert labels_of(source) == ["x", "y", None, "x"]
    assert labels_of(open_text(tmp_path, by="kind", null_values=("kind=x",))) == [None, "y", None, None]
    assert source.spec.text_columns == ("kind",)


def test_numbers_are_labels_by_their_text_but_whole_ones_by_their_value(tmp_path: Path) -> None:
    text = "a,zip\n1,007\n2,7\n3,7.0\n4,\n5,-1.00\n6,7.5\n7,1.10\n"
    assert labels_of(open_text(tmp_path, text, by="zip")) == ["007", "7", "7", None, "-1", "7.5", "1.1"]
    german = "a;zip\n1;7,0\n2;7\n3;7.0\n"
    assert labels_of(open_text(tmp_path, german, "german.csv", by="zip", decimal=",")) == ["7", "7", "7.0"]
    source = open_text(tmp_path, text, by="zip")
    # It is left out anyway, so its codes need not be pointed out.
    assert not source.facts().notes


def test_weights_are_numbers_as_in_other_columns(tmp_path: Path) -> None:
    assert weights_of(open_text(tmp_path, weight="w")) == [0.5, 1, 0, 2]
    text = "a;w\n1,5;0,25\n2;1\n".encode("utf-16")
    source = open_text(tmp_path, text, weight="w", encoding="utf-16", decimal=",")
    assert weights_of(source) == [0.25, 1]


@pytest.mark.parametrize("named", ["a,kind,b,w", "kind,w", "a"])
def test_they_are_features_only_where_they_are_named(tmp_path: Path, named: str) -> None:
    options = {"by": "b", "weight": "w"}
    assert open_text(tmp_path, **options).spec.names == ("a",)
    assert open_text(tmp_path, columns=("*",), exclude=("kind",), **options).spec.names == ("a",)
    assert open_text(tmp_path, columns=("a:b",), exclude=("kind",), **options).spec.names == ("a",)
    names = tuple(name for name in named.split(",") if name != "kind")
    source = open_text(tmp_path, columns=names, **options)
    assert source.spec.names == names
    assert labels_of(source) == ["2", "4", "6", "8"]
    assert weights_of(source) == [0.5, 1, 0, 2]
    assert read_values(source)[:, 0].tolist() == ([1, 3, 5, 7] if "a" in names else [0.5, 1, 0, 2])


def test_a_label_that_is_a_feature_too_is_read_as_both(tmp_path: Path) -> None:
    source = open_text(tmp_path, "a,b\n1,+2\n3,02\n", columns=("b", "a"), by="2")
    assert (labels_of(source), source.spec.decoding["by"]) == (["+2", "02"], "b")
    assert read_values(source).tolist() == [[2, 1], [2, 3]]


def test_statistics_to_apply_keep_their_columns(tmp_path: Path) -> None:
    assert open_text(tmp_path, by="b", among=("a", "b")).spec.names == ("a", "b")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "kinds"}, "table.csv: there is no column 'kinds'; did you mean 'kind'?"),
        ({"weight": "9"}, "there is no column '9'; positions are 1 to 4"),
        ({"by": "*"}, "--by: takes one column, '\\*' is 'a', 'kind', 'b', 'w'"),
    ],
)
def test_a_name_must_be_that_of_one_column(tmp_path: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_text(tmp_path, **options)


def test_a_repeated_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="several columns are called 'y'; rename them"):
        open_text(tmp_path, "a,y,y\n1,2,3\n", by="y")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("-0.5", "holds '-0.5' in column 'w', which is not a weight"),
        ("inf", "holds 'inf' in column 'w', which is not a weight"),
        ("much", "holds 'much' in column 'w', which is not a weight"),
        ("", "has no weight in column 'w'"),
        (" NA", "has no weight in column 'w'"),
    ],
)
def test_what_is_not_a_weight_ends_the_run_or_is_left_out(tmp_path: Path, cell: str, reason: str) -> None:
    text = f"a,w,k\n1,1,x\n2,{cell},y\n3,3,z\n4,4,\n"
    with pytest.raises(DataError, match=f"table.csv, row 2: {reason}; weights are finite and not negative; --on-error"):
        read_blocks(open_text(tmp_path, text, weight="w"))
    (block,) = read_blocks(open_text(tmp_path, text, weight="w", by="k", on_error="skip"))
    assert block.weights is not None
    assert block.labels is not None
    assert (block.weights.tolist(), block.labels.names) == ([1, 3, 4], ("x", "z"))
    assert [(each.name, each.reason) for each in block.skipped] == [("row 2", reason)]


def test_rows_without_weights_and_without_numbers_are_left_out_together(tmp_path: Path) -> None:
    text = "a,w\n1,1\nx,1\n3,-1\n4,4\ny,-2\n6,6\n7,7\n"
    (block,) = read_blocks(open_text(tmp_path, text, weight="w", columns=("a",), on_error="skip"))
    assert (block.values[:, 0].tolist(), block.weights is not None and block.weights.tolist()) == ([1, 4, 6, 7],) * 2
    assert [each.name for each in block.skipped] == ["row 2", "row 3", "row 5"]


def test_they_are_written_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path, TABLE)
    rewrite(path, tmp_path / "out.csv", weight="w", by="kind")
    with_columns = (tmp_path / "out.csv").read_text()
    rewrite(path, tmp_path / "plain.csv", exclude=("w",))
    assert with_columns == (tmp_path / "plain.csv").read_text()


@pytest.mark.parametrize("suffix", ["csv", "csv.gz"])
def test_many_different_labels_agree_with_polars(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {
            "id": [f"n{index}" for index in range(20_000)],
            "x": rng.normal(size=20_000),
            "kind": rng.choice(["", "ä", '"q",', "b\nc"], 20_000),
        }
    )
    path = tmp_path / f"t.{suffix}"
    frame.write_csv(path, compression="gzip" if suffix.endswith("gz") else "uncompressed")
    assert labels_of(open_table(path, by="id")) == frame["id"].to_list()
    assert labels_of(open_table(path, by="kind")) == [text or None for text in frame["kind"].to_list()]


def test_a_table_without_rows_has_no_labels(tmp_path: Path) -> None:
    assert labels_of(open_text(tmp_path, "a,b\n", by="b")) == []
