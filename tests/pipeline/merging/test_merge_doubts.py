"""Merging what is doubted: trials, sources that come twice, parts that are missing, and what --force makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import xxhash

from tests.bits import assert_same_bits
from tests.inprocess import call_zm
from tests.made import make_stats
from tests.pipeline.merging.merging import cut, digest, images, merge, read_back, table
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, NothingToMeasureError
from zm_cli.statsfile.combined_sources import combine_sources
from zm_cli.statsfile.members import MAX_MEMBERS
from zm_cli.statsfile.stats import SourceRecord, Stats
from zm_cli.statsfile.store import load_stats, save_stats


def test_statistics_of_a_trial_are_merged_only_by_force() -> None:
    trial = images(2, partial=True)
    with pytest.raises(DataError, match=r"b\.json: is of a trial with 5 of the samples .*--force merges anyway"):
        merge(images(1), trial)
    merged, outcome = merge(images(1), trial, images(3, partial=True), force=True)
    assert merged.partial
    assert outcome.warnings == [
        "b.json: is of a trial with 5 of the samples (--limit, --sample); the result is of a trial, too"
    ]


def test_a_source_that_comes_twice_is_merged_only_by_force() -> None:
    again = replace(images(2), sources=(replace(images(1).sources[0], path="elsewhere"),))
    with pytest.raises(DataError, match=r"c\.json: has a source that is in a\.json, too: elsewhere; each sample must"):
        merge(images(1), images(3), again)
    merged, outcome = merge(images(1), images(3), again, force=True)
    assert (merged.samples, merged.partial) == (15, False)
    assert outcome.warnings == ["c.json: has a source that is in a.json, too: elsewhere"]
    # What was merged so once is not doubted again.
    assert merge(merged, images(4))[0].samples == 20


def test_the_same_part_cannot_come_twice_but_other_parts_may_look_the_same() -> None:
    one, other = cut(table(1, "x"), 1, 2), cut(table(1, "x"), 2, 2)
    assert merge(one, other)[0].samples == 6
    with pytest.raises(DataError, match=r"b\.json: has a source that is in a\.json, too: part 1/2 of copy\.csv"):
        merge(one, cut(table(1, "x"), 1, 2, path="copy.csv"))


WHOLE = replace(table(999, "x").sources[0], path="data.csv")
"""The record of all of data.csv, whose digest is not that of any part."""


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (WHOLE, (1, 2), "has part 1/2 of ./data.csv, and a.json has all of it"),
        ((1, 2), WHOLE, "has all of data.csv, and a.json has it cut into 2 parts"),
        ((2, 3), (1, 2), "has part 1/2 of ./data.csv, and a.json has it cut into 3 parts"),
        (WHOLE, replace(WHOLE, shard=Shard(1, 1)), "has a source that is in a.json, too: data.csv"),
        ((1, 1), (2, 2), "has part 2/2 of ./data.csv, and a.json has all of it"),
        (replace(WHOLE, path="other.csv"), replace(WHOLE, shard=Shard(2, 5)), "too: part 2/5 of data.csv"),
        (replace(WHOLE, shard=Shard(1, 3)), replace(WHOLE, path="z.csv", shard=Shard(2, 5)), "too: part 2/5 of z.csv"),
    ],
)
def test_a_source_that_is_cut_in_several_ways_is_doubted(
    first: SourceRecord | tuple[int, int], second: SourceRecord | tuple[int, int], says: str
) -> None:
    def make(number: int, record: SourceRecord | tuple[int, int], path: str) -> Stats:
        part = cut(table(number, "x"), *record, path) if isinstance(record, tuple) else table(number, "x")
        return part if isinstance(record, tuple) else replace(part, sources=(record,))

    files = make(1, first, "data.csv"), make(2, second, "./data.csv")
    with pytest.raises(DataError) as caught:
        merge(*files)
    assert str(caught.value).startswith(f"b.json: {says}" if says.startswith("has") else "b.json: has a source")
    assert says in str(caught.value)
    assert str(caught.value).endswith("; each sample must count once; --force merges anyway")
    merged, outcome = merge(*files, force=True)
    assert merged.samples == 6
    assert says in outcome.warnings[0]


def test_sources_of_one_path_or_of_standard_input_need_not_be_the_same() -> None:
    # A file that is replaced every month; what comes from different pipes.
    assert merge(*(replace(table(n, "x"), sources=(replace(WHOLE, digest=digest(n)),)) for n in (1, 2)))[0].samples == 6
    piped = replace(table(1, "x"), sources=(replace(WHOLE, path="-"),))
    assert merge(piped, *(cut(table(n, "x"), n, 2, "-") for n in (1, 2)))[0].samples == 9


def in_dataset(stats: Stats, dataset: str | None) -> Stats:
    """The statistics as if they were of a dataset of a file; None if the file does not say of which."""
    return replace(stats, decoding={"dataset": dataset})


def test_two_datasets_of_one_file_may_be_cut_differently() -> None:
    def part(number: int, index: int, of: int, dataset: str) -> Stats:
        return in_dataset(cut(table(number, "x"), index, of), dataset)

    whole = in_dataset(replace(table(1, "x"), sources=(WHOLE,)), "/a")
    halves = [part(10 + index, index, 2, "/b") for index in (1, 2)]
    thirds = [part(20 + index, index, 3, "/c") for index in (1, 2, 3)]
    assert merge(whole, *halves, *thirds)[0].samples == 18
    assert merge(*thirds, whole, *halves)[0].samples == 18
    # In stages, too.
    assert merge(whole, read_back(merge(*halves)[0]), read_back(merge(*thirds)[0]))[0].samples == 18
    # The same dataset is doubted, also among others.
    with pytest.raises(DataError, match=r"d\.json: has part 1/5 of data\.csv, and a\.json has all of it"):
        merge(whole, *halves, part(30, 1, 5, "/a"))


@pytest.mark.parametrize(("mine", "theirs"), [(None, "/a"), ("/a", None), (None, None)])
def test_a_source_that_is_cut_differently_is_doubted_if_its_dataset_is_not_known(
    mine: str | None, theirs: str | None
) -> None:
    whole = in_dataset(replace(table(1, "x"), sources=(WHOLE,)), mine)
    with pytest.raises(DataError, match=r"b\.json: has part 1/2 of data\.csv, and a\.json has all of it"):
        merge(whole, in_dataset(cut(table(2, "x"), 1, 2), theirs))


def test_statistics_of_several_sources_do_not_say_the_dataset_of_each() -> None:
    wholes = [replace(table(n, "x"), sources=(replace(WHOLE, digest=digest(n)),)) for n in (1, 2)]
    both = read_back(merge(*(in_dataset(*named) for named in zip(wholes, ("/a", "/b"), strict=True)))[0])
    assert both.decoding == {"dataset": "/a"}
    for dataset in ("/a", "/b"):
        with pytest.raises(DataError, match=r"b\.json: has part 1/2 of data\.csv, and a\.json has all of it"):
            merge(both, in_dataset(cut(table(3, "x"), 1, 2), dataset))


def test_datasets_of_a_file_are_merged_whole_and_in_parts(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        for index, name in enumerate(("train", "extra")):
            file[name] = np.random.default_rng(index).normal(size=(20, 3))
    for index, options in enumerate((["/train"], ["/extra", "--shard", "1/2"], ["/extra", "--shard", "2/2"])):
        ran = call_zm("stats", "data.h5", "--dataset", *options, "-o", f"{index}.json", cwd=tmp_path)
        assert ran.code == 0, ran.err
    ran = call_zm("merge", "0.json", "1.json", "2.json", "-o", "all.json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert load_stats(str(tmp_path / "all.json")).samples == 40


def test_a_source_among_very_many_is_recognized() -> None:
    month = [table(number, "x") for number in range(1, 103)]
    everything = read_back(merge(*month[:101])[0])
    assert len(everything.sources) == 1
    with pytest.raises(DataError, match=r"^b\.json: has a source that is in a\.json, too: 5\.csv; each sample"):
        merge(everything, month[4])
    with pytest.raises(DataError, match=r"^b\.json: has a source that is in a\.json, too: 5\.csv; each sample"):
        merge(month[4], everything)
    with pytest.raises(DataError, match=r"b\.json: has part 1/2 of 7\.csv, and a\.json has all of it"):
        merge(everything, cut(table(500, "x"), 1, 2, "7.csv"))
    assert merge(everything, month[101])[0].samples == 3 * 102


def test_parts_among_very_many_are_recognized() -> None:
    whole = read_back(merge(*(cut(table(number, "x"), number, 101) for number in range(1, 102)))[0])
    assert (len(whole.sources), whole.sources[0].sources) == (1, 1)
    with pytest.raises(DataError, match=r"b\.json: has a source that is in a\.json, too: part 7/101 of data\.csv"):
        merge(whole, cut(table(7, "x"), 7, 101))
    with pytest.raises(DataError, match=r"b\.json: has all of data\.csv, and a\.json has it cut into 101 parts"):
        merge(whole, replace(table(500, "x"), sources=(WHOLE,)))


def test_sources_without_samples_among_very_many_do_not_come_twice() -> None:
    def with_empty(first: int) -> Stats:
        nothing = SourceRecord(f"{first}-empty.csv", "csv", 0, 9, f"xxh3_128:{xxhash.xxh3_128_hexdigest(b'')}")
        records = [replace(WHOLE, path=f"{n}.csv", samples=1, digest=digest(n)) for n in range(first, first + 120)]
        values = np.arange(120.0).reshape(-1, 1)
        stats = make_stats(values, "column", axes="NC", names=("x",), kind="csv")
        return replace(stats, sources=combine_sources([*records, nothing]))

    assert merge(with_empty(1000), with_empty(2000))[0].samples == 240


def test_beyond_ten_thousand_sources_a_note_says_that_they_are_not_recognized() -> None:
    records = [replace(WHOLE, path=f"{n}.csv", samples=1, digest=digest(n)) for n in range(MAX_MEMBERS + 1)]
    values = np.arange(len(records) * 1.0).reshape(-1, 1)
    many = make_stats(values, "column", axes="NC", names=("x",), kind="csv")
    merged, outcome = merge(replace(many, sources=tuple(records)))
    assert merged.sources[0].members == ()
    assert outcome.notes == [
        "10,001 sources are not listed one by one: zm merge will not notice if one of them comes again"
    ]
    assert merge(merged, replace(table(1, "x"), sources=(replace(WHOLE, digest=digest(5)),)))[0].samples == 10_004


def test_missing_parts_of_several_sources_are_all_named() -> None:
    parts = [cut(table(number, "x"), 1, 2, path=f"{number}.csv") for number in range(1, 12)]
    with pytest.raises(DataError) as caught:
        merge(*parts)
    assert str(caught.value) == (
        "1.csv: part 2 of 2 is missing, and so are parts of 2.csv and 9 more; "
        "measure them: zm stats 1.csv 2.csv 3.csv 4.csv ... --shard 2/2; --force merges anyway"
    )
    _, outcome = merge(*parts, force=True)
    assert outcome.warnings == [
        *(f"{n}.csv: part 2 of 2 is missing; what is missing can be merged with the result later" for n in range(1, 9)),
        "parts of 3 more sources are missing",
    ]
    with pytest.raises(DataError) as caught:
        merge(parts[0], cut(table(20, "x"), 5, 9, path="a b.csv"))
    assert str(caught.value) == (
        "1.csv: part 2 of 2 is missing, and so are parts of a b.csv; measure them: zm stats 1.csv --shard 2/2, "
        "zm stats 'a b.csv' --shard 1/9, zm stats 'a b.csv' --shard 2/9, ...; --force merges anyway"
    )


def empty(columns: tuple[str, ...], index: int, of: int) -> Stats:
    stats = make_stats(np.ones((0, len(columns))), "column", axes="NC", names=columns, kind="csv")
    return read_back(cut(stats, index, of))


def test_parts_without_samples_are_merged_as_nothing() -> None:
    one = cut(table(1, "x"), 2, 4)
    parts = [empty(("x",), 1, 4), one, empty(("x",), 3, 4), empty(("x",), 4, 4)]
    for files in (parts, parts[::-1]):
        merged, _ = merge(*files)
        assert_same_bits(merged.moments, one.moments)
        assert merged.samples == 3
    with pytest.raises(NothingToMeasureError, match=r"a\.json and b\.json: have no samples"):
        merge(empty(("x",), 1, 2), empty(("x",), 2, 2))


def test_missing_parts_are_named_and_merged_without_only_by_force() -> None:
    parts = [cut(table(index, "x"), index, 8) for index in (8, 1, 2, 4, 5, 6)]
    with pytest.raises(DataError) as caught:
        merge(*parts)
    assert str(caught.value) == (
        "data.csv: parts 3 and 7 of 8 are missing; measure them: zm stats data.csv --shard 3/8, "
        "zm stats data.csv --shard 7/8; --force merges anyway"
    )
    merged, outcome = merge(*parts, force=True)
    assert (merged.partial, merged.shard, merged.samples) == (False, None, 18)
    assert merged.trial == "some parts of the data (--shard): of data.csv, parts 3 and 7 of 8 are missing"
    assert outcome.warnings == [
        "data.csv: parts 3 and 7 of 8 are missing; what is missing can be merged with the result later"
    ]


@pytest.mark.parametrize("of", [5, 150])
def test_parts_are_merged_in_stages(of: int) -> None:
    some, _ = merge(*(cut(table(index, "x"), index, of) for index in range(1, of, 2)), force=True)
    some = read_back(some)
    assert (some.partial, len(some.sources)) == (False, of // 2)
    with pytest.raises(DataError, match=rf"has a source that is in a\.json, too: part 3/{of} of data\.csv"):
        merge(some, cut(table(3, "x"), 3, of))
    with pytest.raises(
        DataError, match=rf"data\.csv: parts? .* of {of} .* missing; measure .* data\.csv --shard 4/{of}"
    ):
        merge(some, cut(table(2, "x"), 2, of))
    others = [index for index in range(1, of + 1) if not (index % 2 and index < of)]
    merged, outcome = merge(some, *(cut(table(index, "x"), index, of) for index in others))
    assert (merged.trial, merged.partial, merged.samples) == (None, False, 3 * of)
    assert len(merged.sources) == (of if of <= 100 else 1)
    assert outcome.warnings == []


@pytest.mark.parametrize("suffix", ["json", "npz", "h5"])
def test_many_parts_without_the_others_are_kept_in_every_form(tmp_path: Path, suffix: str) -> None:
    of = 3000
    path = str(tmp_path / f"some.{suffix}")
    records = tuple(
        SourceRecord("d.csv", "csv", int(index < 4), 9, digest(index), shard=Shard(index, of)) for index in range(1, of)
    )
    save_stats(merge(replace(table(1, "x"), sources=records), force=True)[0], path)
    assert load_stats(path).sources == records


def test_parts_without_samples_are_merged_in_stages() -> None:
    none, _ = merge(empty(("x",), 1, 3), empty(("x",), 3, 3), force=True)
    merged, _ = merge(read_back(none), cut(table(1, "x"), 2, 3))
    assert (merged.samples, merged.trial) == (3, None)


def test_parts_of_a_trial_are_told_to_be_of_a_trial() -> None:
    with pytest.raises(
        DataError,
        match=r"^a\.json: is of a trial with 3 of the samples \(--limit, --sample\); "
        r"measure all of the data, or each part of it, without --limit and --sample; --force",
    ):
        merge(cut(table(1, "x", partial=True), 1, 2))


def test_columns_without_a_number_in_any_part_are_left_out_when_all_parts_are_there() -> None:
    def part(index: int, **values: float) -> Stats:
        stats = make_stats(np.array([[*values.values()]]), "column", axes="NC", names=tuple(values), kind="csv")
        return replace(cut(stats, index, 2), sources=cut(table(index, "x"), index, 2).sources, samples=1)

    parts = [part(1, x=1.0, y=np.nan, z=np.nan), part(2, x=2.0, y=5.0, z=np.nan)]
    parts = [replace(each, sources=(replace(each.sources[0], samples=1),)) for each in parts]
    merged, outcome = merge(*parts)
    assert (merged.names, merged.text_columns) == (("x", "y"), ("z",))
    assert outcome.warnings[0] == "without a single number, left as they are: 'z'"
    kept, outcome = merge(parts[0], force=True)
    assert kept.names == ("x", "y", "z")
    assert "without a single value: 'y', 'z'" in outcome.warnings


def test_the_only_part_is_all_of_the_data() -> None:
    merged, _ = merge(cut(table(1, "x"), 1, 1))
    assert merged == replace(table(1, "x"), sources=merged.sources, moments=merged.moments)
    assert (merged.shard, merged.trial) == (None, None)
