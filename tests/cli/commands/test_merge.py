"""`zm merge` as a process: what it reads, where its result goes, and what it says."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from tests.inprocess import call_zm
from tests.made import make_stats
from tests.schemas import load_closed
from tests.shell import run_at_terminal, run_zm
from zm_cli.cli.display.source_list import MAX_LINES, list_sources
from zm_cli.data.shard import Shard
from zm_cli.pipeline.merging.merge import Merger
from zm_cli.statsfile.encode import encode_json, to_json
from zm_cli.statsfile.stats import SourceRecord, Stats
from zm_cli.statsfile.store import load_stats, save_stats


def make(number: int, shard: Shard | None = None) -> Stats:
    values = np.random.default_rng(number).normal(size=(4, 2))
    stats = make_stats(values, "column", axes="NC", names=("x", "y"), kind="csv")
    return replace(
        stats, sources=(SourceRecord(f"{number}.csv", "csv", 4, 64, f"xxh3_128:{number:032x}", shard=shard),)
    )


def merge(*stats: Stats) -> Stats:
    merger = Merger()
    for number, each in enumerate(stats):
        merger.add(str(number), each)
    return merger.finish()[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, suffix in enumerate((".json", ".npz", ".h5")):
        save_stats(make(number), str(tmp_path / f"{number}{suffix}"))
    return tmp_path


def test_files_of_every_form_are_merged_into_any(folder: Path) -> None:
    expected = merge(make(0), make(1), make(2))
    for suffix in ("json", "npz", "h5"):
        ran = run_zm("merge", "0.json", "1.npz", "2.h5", "-o", f"all.{suffix}", cwd=folder)
        assert (ran.code, ran.out, ran.err) == (0, "", "")
        save_stats(expected, str(folder / f"expected.{suffix}"))
        assert (folder / f"all.{suffix}").read_bytes() == (folder / f"expected.{suffix}").read_bytes()


def test_one_of_the_files_can_be_replaced(folder: Path) -> None:
    ran = run_zm("merge", "0.json", "1.npz", "-o", "0.json", cwd=folder)
    assert ran.code == 0, ran.err
    assert to_json(load_stats(str(folder / "0.json")).to_document()) == to_json(merge(make(0), make(1)).to_document())
    again = run_zm("merge", "0.json", "2.h5", "-o", "0.json", "--no-clobber", cwd=folder)
    assert (again.code, "0.json: exists" in again.err) == (3, True)


def test_the_result_on_standard_output_is_a_stats_file(folder: Path) -> None:
    document = to_json(merge(make(0), make(1)).to_document())
    assert run_zm("merge", "0.json", "1.npz", "-o", "-", cwd=folder).out == document
    printed = json.loads(run_zm("merge", "0.json", "1.npz", "--json", cwd=folder).out)
    assert printed == json.loads(document) | {"notes": [], "warnings": []}
    jsonschema.validate(printed, load_closed("stats"))
    table = run_zm("merge", "0.json", "1.npz", cwd=folder).out.split()
    assert table[:3] + table[7:9] == ["column", "count", "missing", "x", "8"]


def test_names_come_from_lists_and_one_file_from_standard_input(folder: Path) -> None:
    document = to_json(merge(make(0), make(1), make(2)).to_document())
    (folder / "list.txt").write_text("1.npz\n2.h5\n")
    assert run_zm("merge", "0.json", "@list.txt", "-o", "-", cwd=folder).out == document
    names = b"0.json\x001.npz\x002.h5\x00"
    assert run_zm("merge", "--files-from", "-", "-o", "-", stdin=names, cwd=folder).out == document
    first = (folder / "0.json").read_bytes()
    assert run_zm("merge", "-", "1.npz", "2.h5", "-o", "-", stdin=first, cwd=folder).out == document


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-", "@-"], 2, "standard input: is used twice"),
        (["-", "-"], 2, "standard input: is used twice"),
        (["0.json", "./0.json"], 2, "./0.json: is given twice; each sample must count once"),
        (["0.json", "same.json"], 2, "same.json: is given twice"),
        (["@empty.txt"], 2, "empty.txt: lists no files"),
        (["0.json", "none.json"], 2, "none.json: there is no such stats file"),
        (["."], 2, ".: is a folder, not a stats file; name the stats files in it: ./*.json"),
        (["0.json", "0.json", "--force"], 2, "0.json: is given twice; each sample must count once"),
        (["0.json", "-", "-o", "all.json", "--if-changed"], 2, "--if-changed: cannot tell whether standard input"),
        (["0.json", "--if-changed"], 2, "--if-changed: needs an output file"),
        (["0.json", "1.npz", "-o", "0.json", "--if-changed"], 3, "0.json: is an input; name another output"),
        (["0.json", "data.csv"], 3, "data.csv: is not a JSON object; make a stats file with zm stats"),
        (["0.json", "-o", "all.csv"], 2, "all.csv: is not a name for a stats file"),
        (["@list.txt", "-o", "list.json"], 3, "list.json: is an input"),
    ],
)
def test_wrong_names_are_errors(folder: Path, arguments: list[str], code: int, says: str) -> None:
    (folder / "empty.txt").touch()
    (folder / "data.csv").write_text("x,y\n1,2\n")
    os.link(folder / "0.json", folder / "same.json")
    (folder / "list.txt").write_text("0.json\n")
    os.link(folder / "list.txt", folder / "list.json")
    ran = run_zm("merge", *arguments, stdin=(folder / "0.json").read_bytes(), cwd=folder)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(f"zm: error: {says}"), ran.err
    assert ran.err.count("\n") == 1


def test_a_merge_is_repeated_only_if_a_stats_file_has_changed(folder: Path) -> None:
    line = ("merge", "0.json", "1.npz", "-o", "all.json", "--if-changed")
    assert call_zm(*line, cwd=folder).err == ""
    made = (folder / "all.json").stat().st_mtime_ns
    again = call_zm(*line, "--json", cwd=folder)
    assert (again.code, again.err) == (0, "zm: all.json is up to date\n")
    assert json.loads(again.out)["samples"] == 8
    assert (folder / "all.json").stat().st_mtime_ns == made
    save_stats(make(7), str(folder / "1.npz"))
    assert call_zm(*line, cwd=folder).err == ""
    assert [record.path for record in load_stats(str(folder / "all.json")).sources] == ["0.csv", "7.csv"]
    assert call_zm(*line[:2], "2.h5", *line[3:], cwd=folder).err == ""
    assert [record.path for record in load_stats(str(folder / "all.json")).sources] == ["0.csv", "2.csv"]


def test_data_that_were_cut_otherwise_do_not_count_twice(tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(30, 2)).tolist()
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
    for shard in ("1/1", "1/2", "2/2", "1/3"):
        name = shard.replace("/", "-of-")
        assert call_zm("stats", "x.csv", "--shard", shard, "-qo", f"{name}.json", cwd=tmp_path).code == 0
    assert call_zm("stats", "x.csv", "-qo", "w.json", cwd=tmp_path).code == 0
    for names, says in (
        ("w 1-of-1", "1-of-1.json: has a source that is in w.json, too: x.csv"),
        ("1-of-1 w", "w.json: has a source that is in 1-of-1.json, too: x.csv"),
        ("w 1-of-2 2-of-2", "1-of-2.json: has part 1/2 of x.csv, and w.json has all of it"),
        ("1-of-2 2-of-2 1-of-3", "1-of-3.json: has part 1/3 of x.csv, and 1-of-2.json has it cut into 2 parts"),
    ):
        files = [f"{name}.json" for name in names.split()]
        ran = call_zm("merge", *files, "-o", "all.json", cwd=tmp_path)
        assert (ran.code, ran.err) == (3, f"zm: error: {says}; each sample must count once; --force merges anyway\n")
    assert call_zm("merge", "1-of-2.json", "2-of-2.json", "-o", "all.json", cwd=tmp_path).code == 0
    assert load_stats(str(tmp_path / "all.json")).samples == 30


def test_tables_with_other_null_values_are_not_merged(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"x\n1\n4\n{len(name)}\n")
    assert call_zm("stats", "a.csv", "--null-value", "4", "-qo", "a.json", cwd=tmp_path).code == 0
    assert call_zm("stats", "b.csv", "-qo", "b.json", cwd=tmp_path).code == 0
    ran = call_zm("merge", "a.json", "b.json", cwd=tmp_path)
    assert ran.code == 3
    assert "b.json: cannot be merged with a.json: --null-value none instead of 4; measure both with" in ran.err


def test_a_part_of_a_trial_is_warned_of_when_it_is_measured(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a\n" + "".join(f"{number}.5\n" for number in range(30)))
    ran = call_zm("stats", "x.csv", "--shard", "1/2", "--limit", "5", "-o", "s.json", cwd=tmp_path)
    assert (ran.code, "part 1/2 of a trial (--limit, --sample): zm merge refuses such parts" in ran.err) == (0, True)
    assert "part 1/2" not in call_zm("stats", "x.csv", "--shard", "1/2", "-o", "s.json", cwd=tmp_path).err


def test_several_stats_files_are_pointed_to_merge_even_if_one_is_damaged(folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    ran = call_zm("inspect", "0.json", "1.npz", "bad.json", cwd=folder)
    what = "1.npz bad.json: are unexpected arguments; zm merge makes one stats file of several"
    assert (ran.code, ran.err) == (2, f"zm: error: {what}\n")
    many = [f"{number}.json" for number in range(2, 500)]
    ran = call_zm("inspect", "0.json", "1.npz", *many, cwd=folder)
    assert ran.err.startswith("zm: error: 1.npz 2.json 3.json and 496 more: are unexpected arguments; zm merge makes")
    assert "usage: " in call_zm("inspect", "0.json", "bad.json", cwd=folder).err


def test_the_table_and_messages_are_those_of_stats(folder: Path) -> None:
    ran = run_at_terminal("merge", "0.json", "1.npz", "-o", "all.json", cwd=folder)
    assert "statistics of 8 samples in all.json" in ran.out
    assert "column" in ran.out
    quiet = run_at_terminal("merge", "0.json", "1.npz", "-o", "all.json", "-q", cwd=folder)
    assert "statistics of" not in quiet.out
    shown = run_zm("merge", "0.json", "1.npz", "--progress", "-q", cwd=folder)
    assert "merging:   0%" in shown.err


def test_many_files_are_merged_in_little_memory(tmp_path: Path) -> None:
    files = 300
    for number in range(files):
        (tmp_path / f"{number}.json").write_bytes(encode_json(make(number).to_document()))
    (tmp_path / "list.txt").write_text("".join(f"{number}.json\n" for number in range(files)))
    assert run_zm("merge", "@list.txt", "-o", "all.json", cwd=tmp_path).code == 0
    stats = load_stats(str(tmp_path / "all.json"))
    assert (stats.samples, len(stats.sources), stats.sources[0].sources) == (4 * files, 1, files)
    assert "source        0.csv and 299 more: 1,200 samples" in run_zm("inspect", tmp_path / "all.json").out


def test_sources_are_listed_with_their_parts_counted() -> None:
    parts = [make(number, Shard(number, 3)).sources[0] for number in (3, 1, 2)]
    parts = [replace(part, path="all.csv", skipped=("row 2: short",)) for part in parts]
    whole = make(7).sources[0]
    assert list_sources([*parts, whole]) == [
        "all.csv: 12 samples, 64 bytes, left out 3, in 3 parts",
        f"7.csv: 4 samples, 64 bytes, {whole.digest}",
    ]
    assert list_sources(parts[:2])[0].endswith("2 of 3 parts")
    assert list_sources(parts[:1])[0].startswith("all.csv, part 3/3: 4 samples")
    assert len(list_sources(parts, everything=True)) == 3
    many = [make(number).sources[0] for number in range(MAX_LINES + 5)]
    assert list_sources(many)[-1] == "5 more, which -v lists"
