"""Selecting data: columns by name, range and glob, files by pattern and list, the first N samples."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.shell import run_zm
from tests.systems import slow


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A table with a label, five pixels and a column whose name holds a colon."""
    (tmp_path / "wide.csv").write_text("label,p0,p1,p2,p10,Total,a:b\n1,2,3,4,5,6,7\n3,4,5,6,7,8,9\n")
    return tmp_path


def test_a_text_that_selects_no_column_is_a_usage_error(wide: Path) -> None:
    for option in ("--columns", "--exclude"):
        ran = run_zm("stats", "wide.csv", option, "q*", cwd=wide)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert "'q*'" in ran.err


def test_a_column_named_by_a_number_takes_precedence_over_a_position(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("9,2,1\n10,20,30\n11,21,31\n")
    assert json.loads(run_zm("stats", tmp_path / "t.csv", "--header", "--columns", "2", "--json").out)["mean"] == [20.5]


@slow
def test_columns_are_selected_among_those_of_the_applied_statistics(wide: Path) -> None:
    run_zm("stats", "wide.csv", "--exclude", "label", "-o", "s.json", cwd=wide)
    out = run_zm("center", "wide.csv", "--stats", "s.json", "--columns", "1:3", "-o", "-", cwd=wide).out
    assert out.splitlines()[1] == "1,-1.0,-1.0,4,5,6,7"
    out = run_zm("center", "wide.csv", "--stats", "s.json", "--exclude", "p*,label", "-o", "-", cwd=wide).out
    assert out.splitlines()[1] == "1,2,3,4,5,-1.0,-1.0"
    ran = run_zm("center", "wide.csv", "--stats", "s.json", "--columns", "label", "-o", "-", cwd=wide)
    assert (ran.code, ran.out) == (2, "")
    assert "no statistics of 'label'" in ran.err


VALUES = {"a/1.png": 1, "a/2.png": 10, "a/x/3.png": 100, "b/1.png": 150, "b/4.bmp": 200, "c d/5.png": 250}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Six gray images of one value each, in folders."""
    for name, value in VALUES.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), value).save(path)
    return tmp_path


def values_of(pictures: Path, *arguments: str, stdin: bytes = b"") -> list[int]:
    """The values of the selected images, written as a dataset and read back."""
    ran = run_zm("center", *arguments, "-o", "out.h5", "--save-stats", "s.json", stdin=stdin, cwd=pictures)
    assert ran.code == 0, ran.err
    stats = json.loads((pictures / "s.json").read_text())
    with h5py.File(pictures / "out.h5") as file:
        values = np.asarray(file["images"])[:, 0, 0, 0] + stats["mean"][0]
    return [round(float(value)) for value in values]


def test_images_are_selected_by_patterns_and_number(pictures: Path) -> None:
    options = ("--include", "*.png", "--include", "*.bmp", "--exclude", "a/*,x", "--limit", "2")
    assert values_of(pictures, "data", *options) == [150, 200]


def test_patterns_that_select_nothing_are_an_error_that_names_them(pictures: Path) -> None:
    ran = run_zm("stats", "data", "--include", "*.jpg", cwd=pictures)
    assert (ran.code, ran.err) == (3, "zm: error: data: holds no image (left out: 6 by --include and --exclude); "
                                      "name a folder with images, or an image file\n")  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [("data", "--columns", "a"), ("data", "--include", "!"), ("data", "--include", "!x"), ("data", "--exclude", "")],
)
def test_selections_not_possible_for_images_are_usage_errors(pictures: Path, arguments: tuple[str, ...]) -> None:
    assert run_zm("stats", *arguments, cwd=pictures).code == 2


def test_include_is_refused_for_tables(wide: Path) -> None:
    ran = run_zm("stats", "wide.csv", "--include", "*.png", cwd=wide)
    assert (ran.code, "--include is for images" in ran.err) == (2, True)


LISTED = ["b/1.png", "a/2.png", "c d/5.png"]


@slow
def test_a_list_of_images_is_read_in_its_order(pictures: Path) -> None:
    lines = "".join(f"data/{name}\n" for name in LISTED)
    (pictures / "list.txt").write_text(lines)
    expected = [VALUES[name] for name in LISTED]
    assert values_of(pictures, "@list.txt") == expected
    assert values_of(pictures, "--files-from", "list.txt") == expected
    assert values_of(pictures, "--files-from", "-", stdin=lines.encode()) == expected
    assert values_of(pictures, "@-", stdin=lines.replace("\n", "\0").encode()) == expected
    assert values_of(pictures, "@-", stdin=lines.replace("\n", "\r\n").encode()) == expected
    with h5py.File(pictures / "out.h5") as file:
        assert [name.decode() for name in file["files"]] == LISTED
        assert list(file.attrs["classes"]) == ["a", "b", "c d"]


def test_lists_may_name_paths_anywhere(pictures: Path) -> None:
    (pictures / "here").mkdir()
    lines = f"{pictures}/data/a/1.png\n../data/b/1.png\n"
    ran = run_zm("center", "@-", "-o", "tree/", stdin=lines.encode(), cwd=pictures / "here")
    assert (ran.code, ran.err) == (0, "")
    written = sorted(str(path.relative_to(pictures / "here")) for path in (pictures / "here" / "tree").rglob("*.npy"))
    assert written == ["tree/a/1.npy", "tree/b/1.npy"]


def test_a_list_of_tables_is_pooled(wide: Path) -> None:
    (wide / "more.csv").write_text("label,p0\n5,6\n")
    (wide / "first.csv").write_text("label,p0\n1,2\n3,4\n")
    (wide / "list.txt").write_text("first.csv\nmore.csv\n")
    document = json.loads(run_zm("stats", "@list.txt", "--json", cwd=wide).out)
    assert (document["mean"], [source["path"] for source in document["sources"]]) == ([3, 4], ["first.csv", "more.csv"])
    ran = run_zm("center", "@list.txt", "-o", "out.csv", cwd=wide)
    assert (ran.code, "takes one source, not 2" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("lines", "code"), [("", 2), ("\n\n", 2), ("data/a/1.png\ndata/a/1.png\n", 2), ("data/nix.png\n", 2)]
)
def test_a_list_without_files_or_with_a_file_twice_is_an_error(pictures: Path, lines: str, code: int) -> None:
    ran = run_zm("stats", "@-", stdin=lines.encode(), cwd=pictures)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1)


def test_a_parent_of_a_link_is_that_of_its_target(pictures: Path) -> None:
    (pictures / "far" / "deep").mkdir(parents=True)
    (pictures / "link").symlink_to("far/deep")
    for name, value in (("far/z.png", 7), ("z.png", 9)):
        Image.new("L", (2, 2), value).save(pictures / name)
    assert values_of(pictures, "@-", stdin=b"link/../z.png\n") == [7]


@pytest.mark.parametrize(
    "sources", ["@two.txt", "@one.txt @one.txt", "@one.txt data/a/1.png", "data @one.txt", "data/a data"]
)
def test_each_sample_counts_once(pictures: Path, sources: str) -> None:
    (pictures / "one.txt").write_text("data/a/1.png\n")
    (pictures / "two.txt").write_text("data/a/1.png\n./data/a/../a/1.png\n")
    ran = run_zm("stats", *sources.split(), cwd=pictures)
    assert (ran.code, "is given twice" in ran.err) == (2, True)


def test_a_list_is_an_input_that_is_not_overwritten(pictures: Path) -> None:
    (pictures / "list.json").write_text("data/a/1.png\n")
    assert run_zm("stats", "@list.json", "-o", "list.json", cwd=pictures).code == 3
    assert (pictures / "list.json").read_text() == "data/a/1.png\n"


def test_a_list_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    for arguments in (("@nix.txt",), ("--files-from", "nix.txt"), (), ("-", "--files-from", "-")):
        ran = run_zm("stats", *arguments, cwd=tmp_path)
        assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_an_output_among_the_listed_files_is_refused(pictures: Path) -> None:
    before = (pictures / "data/a/1.png").read_bytes()
    run_zm("center", "data/a", "-o", "tree/", cwd=pictures)
    lines = b"data/b/1.png\ntree/1.npy\n"
    assert run_zm("center", "@-", "-o", "tree/", stdin=b"tree/1.npy\ntree/2.npy\n", cwd=pictures).code in (2, 3)
    assert run_zm("stats", "@-", "-o", "data/a/1.png", stdin=lines, cwd=pictures).code in (2, 3)
    assert (pictures / "data/a/1.png").read_bytes() == before


# Limits


@slow
def test_a_limit_takes_the_first_rows_of_a_table_and_of_a_pipe(tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f"{row},x{row}\n" for row in range(1000))
    (tmp_path / "t.csv").write_text(text)
    for arguments, stdin in ((("t.csv",), b""), (("-",), text.encode())):
        document = json.loads(run_zm("stats", *arguments, "--limit", "5", "--json", stdin=stdin, cwd=tmp_path).out)
        assert (document["samples"], document["mean"], document["partial"]) == (5, [2], True)
    ran = run_zm("center", "t.csv", "-o", "-", "--limit", "2", cwd=tmp_path)
    assert ran.out == "a,b\n-0.5,x0\n0.5,x1\n"


@pytest.mark.parametrize("stored", [{}, {"chunks": (4, 2)}, {"chunks": (4, 2), "compression": "gzip"}])
def test_a_limit_takes_the_first_samples_of_a_dataset(tmp_path: Path, stored: dict[str, object]) -> None:
    values = np.arange(20, dtype=np.uint8).reshape(10, 2)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=values, **stored)
        file["y"] = np.arange(10)
    ran = run_zm("center", "x.h5", "--dataset", "x", "-o", "out.h5", "--limit", "3", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "/x holds 3 of 10 samples; everything else in the file is complete" in ran.err
    with h5py.File(tmp_path / "out.h5") as file:
        assert np.array_equal(file["x"][...], values[:3] - values[:3].mean(axis=0))
        assert len(file["y"]) == 10


def test_a_limit_that_leaves_nothing_out_is_not_a_trial(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n3\n")
    assert json.loads(run_zm("stats", tmp_path / "t.csv", "--limit", "3", "--json").out)["partial"] is False


@slow
def test_statistics_of_a_trial_are_for_trials_only(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n3\n8\n")
    run_zm("stats", "t.csv", "--limit", "2", "-o", "s.json", cwd=tmp_path)
    ran = run_zm("center", "t.csv", "--stats", "s.json", "-o", "-", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (3, "", 1)
    assert "a trial with 2 of the samples (--limit, --sample); measure all of the data, or --force" in ran.err
    assert run_zm("center", "t.csv", "--stats", "s.json", "-o", "-", "--limit", "1", cwd=tmp_path).out == "a\n-1.0\n"
    assert run_zm("center", "t.csv", "--stats", "s.json", "-o", "-", "--force", cwd=tmp_path).out.endswith("6.0\n")
