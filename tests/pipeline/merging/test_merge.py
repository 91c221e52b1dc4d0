"""Merging stats files: the bits of measuring their sources together; and what cannot be merged."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import h5py
import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.bits import SMALL, assert_same_bits, draw_integers, partitions
from tests.made import make_stats
from tests.pipeline.merging.merging import digest, images, merge, read_back, table
from tests.schemas import load_closed
from tests.systems import slow
from zm_cli.data import block
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError, NothingToMeasureError
from zm_cli.formats import open_source
from zm_cli.numbers.axes import Per, find_feature_axes
from zm_cli.numbers.moments.moments import Moments
from zm_cli.outputs.provenance import Provenance
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.merging.merge import Merger
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.reader import read_document
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

ZEROS = optional_statistics()["zeros"]


# The same as measuring together.


def write_table(folder: Path, index: int) -> Path:
    values = np.random.default_rng(index).lognormal(index, 3, (50 + index, 3))
    path = folder / f"{index}.csv"
    # The columns come in another order, and hold text in another table.
    names = ["a", "b", "c"] if index % 2 else ["b", "c", "a"]
    rows = [list(map(repr, row)) for row in values.tolist()]
    if index == 2:
        rows[40][1] = "text"
    path.write_text("\n".join(map(",".join, [[*names, f"t{index % 2}"], *([*row, "x"] for row in rows)])) + "\n")
    return path


def write_bytes(folder: Path, index: int) -> Path:
    path = folder / f"{index}.h5"
    with h5py.File(path, "w") as file:
        values = np.random.default_rng(index).integers(0, 256, (40 + index, 6, 5, 3), dtype=np.uint8)
        file.create_dataset("x", data=values, chunks=(7, 6, 5, 3))
    return path


def write_images(folder: Path, index: int) -> Path:
    path = folder / f"{index}"
    for name in ("cat", f"dog{index}"):
        (path / name).mkdir(parents=True)
        for number in range(3):
            pixels = np.random.default_rng(number).integers(0, 256, (6 + index % 2, 5, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path / name / f"{number}{index}.png")
    (path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return path


def write_floats(folder: Path, index: int) -> Path:
    path = folder / f"{index}.npy"
    np.save(path, np.random.default_rng(index).normal(1e6, 3, (30 + index, 4, 4)).astype("float32"))
    return path


@pytest.mark.parametrize(
    ("write", "options", "reading"),
    [
        (write_bytes, MeasureOptions(), ReadOptions()),
        (write_bytes, MeasureOptions(per="pixel", unit=True, statistics=(ZEROS,)), ReadOptions()),
        (write_images, MeasureOptions(ignore=0.0), ReadOptions(on_error="skip")),
        (write_floats, MeasureOptions(per="all"), ReadOptions()),
        (write_floats, MeasureOptions(per="pixel"), ReadOptions(limit=20)),
    ],
)
@pytest.mark.parametrize("suffix", ["json", "npz", "h5"])
def test_merged_files_have_the_bytes_of_the_sources_measured_together(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path, int], Path],
    options: MeasureOptions,
    reading: ReadOptions,
    suffix: str,
) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", 500)
    paths = [str(write(tmp_path, index)) for index in range(4)]
    together, _ = measure([open_source(path, reading) for path in paths], options, Plan(1))
    named = []
    for path in paths:
        save_stats(measure([open_source(path, reading)], options, Plan(1))[0], f"{path}.{suffix}")
        named.append((path, load_stats(f"{path}.{suffix}")))
    merged, _ = merge(*named, force=reading != ReadOptions())
    for name, stats in (("merged", merged), ("together", together)):
        save_stats(stats, str(tmp_path / f"{name}.{suffix}"))
    assert to_json(merged.to_document()) == to_json(together.to_document())
    assert (tmp_path / f"merged.{suffix}").read_bytes() == (tmp_path / f"together.{suffix}").read_bytes()


def test_merged_tables_have_the_bytes_of_the_tables_measured_together(tmp_path: Path) -> None:
    paths = [str(write_table(tmp_path, index)) for index in (0, 2, 4)]
    together, _ = measure([open_source(path, ReadOptions()) for path in paths], MeasureOptions(), Plan(1))
    merged, outcome = merge(
        *((path, measure([open_source(path, ReadOptions())], MeasureOptions(), Plan(1))[0]) for path in paths)
    )
    assert merged.names == ("b", "a")
    assert merged.text_columns == ("c", "t0")
    assert to_json(merged.to_document()) == to_json(together.to_document())
    assert outcome.warnings == [f"{paths[1]}: column 'c' is left out: it is not a feature there"]


@slow
@pytest.mark.parametrize("shards", [[None], [Shard(1, 2), Shard(2, 2)]])
def test_merged_files_of_very_many_sources_have_the_bytes_of_the_sources_measured_together(
    tmp_path: Path, shards: list[Shard | None]
) -> None:
    paths = []
    for index in range(102):
        (tmp_path / f"{index}.csv").write_text(f"a,b\n{index},{index / 7}\n{index}.5,{index * index}\n")
        paths.append(str(tmp_path / f"{index}.csv"))

    def measure_some(some: list[str], shard: Shard | None) -> Stats:
        return measure([open_source(path, ReadOptions(shard=shard)) for path in some], MeasureOptions(), Plan(1))[0]

    parts = []
    for shard in shards:
        together = measure_some(paths, shard)
        one_by_one, _ = merge(*(measure_some([path], shard) for path in paths), force=True)
        assert to_json(one_by_one.to_document()) == to_json(together.to_document())
        parts.append(read_back(together))
    # While parts are missing, the records say which.
    assert [len(part.sources) for part in parts] == ([1] if shards == [None] else [102, 102])
    assert len(merge(*parts)[0].sources) == 1
    months, _ = merge(*(measure_some([path], None) for path in paths[:101]))
    added, _ = merge(read_back(months), measure_some(paths[101:], None))
    if shards == [None]:
        assert to_json(added.to_document()) == to_json(parts[0].to_document())


FLOATS = ("int32", "int64", "float32", "float64")


def draw_values(dtype: str, shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    if dtype in SMALL:
        return draw_integers(dtype, shape, seed)
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.choice([0, 1, 1e5, -1e9]), rng.choice([1e-3, 1, 1e4]), shape)
    if dtype.startswith("float"):
        values[rng.random(shape) < 0.1] = np.nan
    return values.astype(dtype)


@given(data=st.data(), dtype=st.sampled_from([*SMALL[1:], *FLOATS]), seed=st.integers(0, 2**32 - 1))
def test_any_parts_merged_are_the_whole(data: st.DataObject, dtype: str, seed: int) -> None:
    layouts: list[tuple[Per, str, tuple[int, ...]]] = [
        ("channel", "NHWC", (2, 3, 3)),
        ("pixel", "NHW", (3, 2)),
        ("column", "NC", (4,)),
        ("all", "NC", (2,)),
    ]
    per, axes, shape = data.draw(st.sampled_from(layouts))
    count = data.draw(st.integers(1, 40))
    values = draw_values(dtype, (count, *shape), seed)
    merger = Merger()
    for number, part in enumerate(data.draw(partitions(count))):
        stats = make_stats(values[part], per, axes=axes)
        if len(values[part]):
            stats = read_back(replace(stats, sources=(replace(stats.sources[0], digest=digest(number)),)))
        merger.add(f"{number}.json", stats)
    whole = Moments.from_block(values, find_feature_axes(axes, per))
    if not whole.count.any():
        with pytest.raises(NothingToMeasureError, match="have no numbers"):
            merger.finish()
        return
    merged, _ = merger.finish()
    assert merged.samples == count
    if dtype in SMALL:
        assert_same_bits(merged.moments, whole)
        return
    for field in ("count", "missing", "min", "max"):
        np.testing.assert_array_equal(getattr(merged.moments, field), getattr(whole, field))
    scale = 1e-14 * np.maximum(np.abs(whole.mean), whole.std())[whole.count > 0]
    for found, expected in ((merged.moments.mean, whole.mean), (merged.moments.std(), whole.std())):
        assert (np.abs(found - expected)[whole.count > 0] <= scale).all()


def test_classes_and_sizes_are_pooled() -> None:
    one = images(1, classes=("cat", "dog"))
    other = replace(images(2, size=6, classes=("ant", "cat")), decoding={"exif": True})
    merged, _ = merge(replace(one, decoding={"exif": True}), other)
    assert merged.classes == ("ant", "cat", "dog")
    assert merged.sample_shape == (None, 3, 3)
    read_back(merged)


def test_a_plain_stats_file_is_read_and_merged_in_few_steps(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}.json") for number in range(24)]
    for number, path in enumerate(paths):
        save_stats(table(number, "a", "b", "c", "d"), path)
    steps = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    merger = Merger()
    for index, path in enumerate(paths):
        if index == 4:
            sys.setprofile(count)
        merger.add(path, load_stats(path))
    sys.setprofile(None)
    # Some 1,700; 5,400 with a loop over all known arrays for each field.
    assert steps / 20 < 2_500


# What cannot be merged.


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (table(2, "R", "G", "B"), "kind csv instead of images; merge the statistics of each kind by themselves"),
        (images(2, per="pixel"), "--per pixel instead of channel; measure both with the same --per"),
        (images(2, unit=True), "--unit on instead of off; measure both with the same --unit"),
        (images(2, ignore=-999.0), "--ignore -999 instead of none"),
        (images(2, "uint16"), "dtype uint16 instead of uint8"),
        (
            images(2, "float32"),
            "dtype float32 instead of uint8; measure both in the same way; --mode or --mask-and-scale can make them so",
        ),
        (images(2, decoding={"mode": "L"}), "--mode L instead of none; measure both with the same --mode"),
        (
            images(2, decoding={"lossy": True}),
            "lossy on instead of off; measure both in the same way; --mode can make them so",
        ),
        (images(2, decoding={"resize": [8, 6]}), "--resize 8x6 instead of none; measure both with the same --resize"),
        (
            images(2, decoding={"exif": True}),
            "--exif on instead of off; measure both with --exif or both with --no-exif",
        ),
        (images(2, decoding={"mask_and_scale": False}), "--mask-and-scale off instead of on"),
        (
            images(2, names=("B", "G", "R")),
            "channels or columns B, G, R instead of R, G, B; measure both in the same way; --mode can",
        ),
        (images(2, names=None), "channels or columns none instead of R, G, B"),
        (
            table(2, "x", decoding={"null_values": ["4", "b=9"]}),
            "--null-value 4, b=9 instead of none; measure both with the same --null-value",
        ),
    ],
)
def test_what_differs_cannot_be_merged_even_by_force(other: Stats, says: str) -> None:
    recorded = {"mode": None, "lossy": False, "resize": None, "exif": False, "mask_and_scale": True}
    first = images(1, decoding=recorded)
    if "--null-value" in says:
        first = table(1, "x", decoding={"null_values": []})
    for force in (False, True):
        with pytest.raises(DataError) as caught:
            merge(first, other, force=force)
        assert str(caught.value).startswith(f"b.json: cannot be merged with a.json: {says}")


def test_null_values_are_the_same_in_any_order() -> None:
    given = [["4", "b=9"], ["b=9", "4", "4"]]
    files = [table(number, "x", decoding={"null_values": texts}) for number, texts in enumerate(given)]
    assert merge(*files)[0].decoding == {"null_values": ["4", "b=9"]}


def test_options_of_reading_are_suggested_only_where_the_data_have_a_choice() -> None:
    def array(number: int, dtype: str, dataset: str | None) -> Stats:
        stats = make_stats(np.ones((2, 3), dtype), "all", axes="NC", kind="npy")
        record = replace(stats.sources[0], digest=digest(number))
        return replace(stats, sources=(record,), decoding={"dataset": dataset, "layout": "NC"})

    with pytest.raises(DataError, match=r"dtype uint16 instead of uint8; measure both in the same way$"):
        merge(array(1, "uint8", None), array(2, "uint16", None))
    with pytest.raises(DataError, match=r"dtype uint16 instead of uint8; .*; --dataset can make them so$"):
        merge(array(1, "uint8", "x"), array(2, "uint16", "x"))


def test_sizes_that_matter_must_be_the_same() -> None:
    with pytest.raises(
        DataError,
        match=r"b\.json: .*a\.json: sample shape 6x3x3 instead of 4x3x3; .*; --mode, --resize or --per channel can",
    ):
        merge(images(1, per="pixel"), images(2, per="pixel", size=6))
    one, other = (make_stats(np.ones((2, columns)), "column", axes="NC") for columns in (2, 3))
    with pytest.raises(DataError, match=r"sample shape 3 instead of 2; .*; --dataset or --layout can make them so"):
        merge(one, other)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (table(2, "x", "y", "z"), "it has column 'z'"),
        (table(2, "x"), "it lacks column 'y'"),
        (table(2, "x", "y", text_columns=("w", "z")), "it has columns 'w', 'z'"),
        (table(2, "x", "z"), "it has column 'z', and it lacks column 'y'"),
        (table(2, "x", "z", text_columns=None), "it has column 'z'"),
    ],
)
def test_a_column_that_another_file_does_not_know_is_refused(other: Stats, says: str) -> None:
    with pytest.raises(DataError) as caught:
        merge(table(1, "x", "y"), other, force=True)
    assert str(caught.value).startswith(
        f"b.json: cannot be merged with a.json: {says}; measure both in the same way; --columns or"
    )


def test_an_option_that_an_older_file_does_not_record_is_not_a_difference() -> None:
    old = images(1, decoding={"mode": "RGB", "lossy": False})
    new = images(2, decoding={"mode": "RGB", "lossy": False, "as_stored": False, "frames": "first"})
    for files in ((old, new), (new, old)):
        merged, _ = merge(*files)
        assert dict(merged.decoding) == dict(new.decoding)
    # What one file records counts for all that follow.
    with pytest.raises(DataError, match=r"c\.json: .*a\.json: --frames all instead of first; .* the same --frames"):
        merge(old, new, images(3, decoding={**new.decoding, "frames": "all"}))


def test_the_first_file_without_exact_sums_of_integers_is_told() -> None:
    def forget(stats: Stats) -> Stats:
        return replace(stats, moments=replace(stats.moments, integer_sums=None))

    for files, name in (
        ((images(1), forget(images(2)), forget(images(3))), "b"),
        ((forget(images(1)), images(2), images(3)), "a"),
    ):
        merged, outcome = merge(*files)
        assert merged.moments.integer_sums is None
        assert outcome.notes == [
            f"{name}.json: has no exact sums of integers ('sum' and 'squares'), so that the result has none"
        ]
    assert merge(forget(images(1)), forget(images(2)))[1].notes == []
    assert merge(images(1), images(2))[1].notes == []


def test_counts_that_overflow_are_refused() -> None:
    document = json.loads(to_json(images(1).to_document()))
    for field in ("sum", "squares"):
        document.pop(field, None)
    most = 2**63 // 36
    document |= {"samples": most, "count": [most * 12] * 3, "sample_shape": [4, 3, 3], "tail": [0.0] * 3}
    document["m2"] = [variance * most * 12 for variance in document["var"]]
    document["sources"][0]["samples"] = most
    large = read_document(document, "here")
    others = [replace(large, sources=(replace(large.sources[0], digest=digest(number)),)) for number in (1, 2, 3, 4)]
    with pytest.raises(DataError, match="more samples or values than zm can count"):
        merge(*others)


def test_values_that_are_too_large_together_are_refused() -> None:
    one, other = (table(number, "x") for number in (1, 2))
    far = [replace(each, moments=each.moments.transform(np.array([0.0]), np.array([scale])))
           for each, scale in ((one, 1e-153), (other, -1e-153))]  # fmt: skip
    with pytest.raises(DataError, match="too large to square"):
        merge(*(replace(each, moments=each.moments.transform(np.array([shift]), np.array([1.0])))
                for each, shift in zip(far, (9e153, -9e153), strict=True)))  # fmt: skip


# Columns of text.


def test_columns_that_are_text_in_one_file_are_left_out_of_all() -> None:
    merged, outcome = merge(
        table(1, "x", "y", "z", text_columns=("t",)),
        table(2, "t", "y", "z", text_columns=("x",)),
        table(3, "x", "z", "y", text_columns=("t",)),
        table(4, "z", text_columns=("t", "x", "y")),
        table(5, "z", text_columns=("t", "x", "y")),
    )
    assert (merged.names, merged.text_columns, merged.sample_shape) == (("z",), ("t", "x", "y"), (1,))
    assert outcome.warnings == [
        "b.json: column 'x' is left out: it is not a feature there",
        "a.json: column 't' is left out: it is not a feature there",
        "d.json: column 'y' is left out: it is not a feature there",
    ]


def test_files_without_a_column_in_common_are_refused() -> None:
    with pytest.raises(DataError, match=r"a\.json and b\.json: have no column of numbers in common"):
        merge(table(1, "x", text_columns=("y",)), table(2, "y", text_columns=("x",)))


def old(stats: Stats) -> Stats:
    """The statistics as a version wrote them that did not list columns of text."""
    document = json.loads(to_json(stats.to_document()))
    del document["text_columns"]
    return read_document(document, "here")


def test_older_files_that_may_have_had_the_column_as_text_are_merged_over_the_common_ones() -> None:
    new = table(1, "x", "y", text_columns=("t",))
    for files in ([new, old(table(2, "x"))], [old(table(2, "x")), new]):
        merged, outcome = merge(*files)
        assert (merged.names, merged.text_columns) == (("x",), ("t", "y"))
        assert len(outcome.warnings) == 1
        assert "column 'y' is left out" in outcome.warnings[0]
    merged, outcome = merge(old(table(2, "x", "y")), old(table(3, "y")), old(table(4, "x", "y")))
    assert (merged.names, merged.text_columns) == (("y",), None)
    assert outcome.warnings == ["b.json: column 'x' is left out: it is not a feature there"]
    assert read_back(merged).text_columns is None
    jsonschema.validate(json.loads(to_json(merged.to_document())), load_closed("stats"))
    with pytest.raises(DataError, match="it has column 'z', and it lacks column 'y'"):
        merge(old(table(2, "x", "y")), old(table(3, "x", "z")))


# Optional statistics.


def with_zeros(stats: Stats) -> Stats:
    return replace(stats, statistics={"zeros": ZEROS.identity(stats.moments.mean.shape)})


def test_optional_statistics_are_kept_where_all_have_them() -> None:
    merged, outcome = merge(with_zeros(images(1)), with_zeros(images(2)))
    assert list(merged.statistics) == ["zeros"]
    assert outcome.notes == []


@pytest.mark.parametrize(("having", "first"), [((0, 1), "c"), ((1, 2), "a"), ((0,), "b")])
def test_optional_statistics_that_some_lack_are_dropped_and_told(having: tuple[int, ...], first: str) -> None:
    files = [with_zeros(images(number)) if number in having else images(number) for number in range(4)]
    merged, outcome = merge(*files)
    assert merged.statistics == {}
    assert outcome.notes == [f"{first}.json: has no 'zeros', so that the result has none"]


# The result.


def test_features_that_are_constant_are_warned_of() -> None:
    one, other = (make_stats(np.ones((2, 2)), "column", axes="NC", names=("x", "y"), kind="csv") for _ in range(2))
    other = replace(other, sources=(replace(other.sources[0], digest=digest(7)),))
    assert merge(one, other)[1].warnings == ["constant, so that standardizing divides by 1: 'x', 'y'"]


def test_the_transform_that_all_files_were_saved_for_is_kept() -> None:
    saved = {"operation": "scale", "method": "robust", "quantiles": [25, 75]}
    kept, outcome = merge(*(table(number, "x", transform=saved) for number in range(3)))
    assert (kept.transform, outcome.notes) == (saved, [])
    for others in ([saved, None, saved], [saved, {**saved, "quantiles": [10, 90]}, None], [None, saved, saved]):
        mixed, outcome = merge(*(table(number, "x", transform=each) for number, each in enumerate(others)))
        assert mixed.transform is None
        assert outcome.notes == [
            "b.json: was not saved for the same transform as a.json, so that the result names none"
        ]


def test_provenance_of_the_files_is_not_that_of_the_result() -> None:
    made = images(1, provenance=Provenance("1", "zm stats a", digest(1)))
    merged, _ = merge(made, images(2))
    assert merged.provenance is None
    assert [record.path for record in merged.sources] == ["1/", "2/"]
