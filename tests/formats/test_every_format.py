"""What every format must do alike: agree with NumPy, not depend on blocks or workers, and write back what it read.

Each has its datasets in `tests/formats/<kind>/cases.py`, written by another route than zm's own.
"""

from __future__ import annotations

import importlib
import json
import pickle
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from tests.formats.case import Case
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.data.source import Source
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import detect, find_receipt, formats, open_source
from zm_cli.formats.shared.sampling import draw_evenly
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.applying.join import join_parts
from zm_cli.pipeline.applying.unmeasured import describe_unmeasured
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.schema import load_schema
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

CASES = {kind: importlib.import_module(f"tests.formats.{kind}.cases").CASES for kind in formats()}


@pytest.fixture(params=[case for cases in CASES.values() for case in cases], ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture(params=[cases[0] for cases in CASES.values()], ids=list(CASES))
def first_case(request: pytest.FixtureRequest) -> Case:
    """One dataset of each kind, for what starts processes."""
    chosen: Case = request.param
    return chosen


@pytest.fixture
def path(case: Case, tmp_path: Path) -> str:
    """Returns the path of the case's dataset, which is written first."""
    return str(case.write(tmp_path, case.values))


def open_path(path: str) -> Source:
    return open_source(path, ReadOptions())


def measure_path(path: str, per: str | None = None, workers: int = 1, shard: Shard | None = None) -> Stats:
    source = open_source(path, ReadOptions(shard=shard))
    stats, _ = measure([source], MeasureOptions(per), Plan(workers))
    source.close()
    return stats


def read_samples(path: str, **options: Any) -> list[np.ndarray[Any, Any]]:
    source = open_source(path, ReadOptions(**options))
    samples = [sample for span in source.spans() for sample in source.read(span).values]
    source.close()
    return samples


@pytest.mark.parametrize("nbytes", [1 << 20, 40])
def test_a_sample_is_drawn_evenly_over_the_data(path: str, nbytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", nbytes)
    everything, number = read_samples(path), 3
    drawn = read_samples(path, sample=number, seed=5)
    for one, index in zip(drawn, draw_evenly(len(everything), number, 5), strict=True):
        assert np.array_equal(one, everything[index], equal_nan=True)
    assert [sample.tolist() for sample in read_samples(path, sample=10**6)] == [x.tolist() for x in everything]


def test_a_sample_can_be_written_and_marks_its_statistics(first_case: Case, tmp_path: Path) -> None:
    path = str(first_case.write(tmp_path, first_case.values))
    source = open_source(path, ReadOptions(sample=3))
    stats, _ = measure([source], MeasureOptions(), Plan(1))
    assert (stats.samples, stats.partial) == (3, True)
    output = tmp_path / first_case.output
    apply(source, stats, str(output), ApplyOptions("center"), Plan(1), own=True)
    assert len(first_case.read(output)) == 3


def shards_of(number: int) -> list[Shard]:
    return [Shard(index, number) for index in range(1, number + 1)]


@pytest.mark.parametrize(("number", "nbytes"), [(1, 700), (7, 700), (7, 1 << 20)])
def test_shards_cover_the_data_once_and_in_order(
    path: str, number: int, nbytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", nbytes)
    everything = read_samples(path)
    parts = [read_samples(path, shard=shard) for shard in shards_of(number)]
    assert [sample.tolist() for part in parts for sample in part] == [sample.tolist() for sample in everything]
    even = len(everything) / number
    assert all(abs(len(part) - even) < 1 + 0.1 * even for part in parts)


@slow
def test_there_may_be_more_shards_than_samples(first_case: Case, tmp_path: Path) -> None:
    path = str(first_case.write(tmp_path, first_case.values))
    everything = read_samples(path)
    parts = [read_samples(path, shard=shard) for shard in shards_of(len(everything) + 50)]
    assert [sample.tolist() for part in parts for sample in part] == [sample.tolist() for sample in everything]
    assert {len(part) for part in parts} <= {0, 1, 2}


@pytest.mark.parametrize("chosen", [{"limit": 20}, {"sample": 20, "seed": 3}, {"limit": 10**6}])
def test_shards_are_cut_out_of_the_chosen_samples(path: str, chosen: dict[str, int]) -> None:
    everything = read_samples(path, **chosen)
    parts = [read_samples(path, **chosen, shard=shard) for shard in shards_of(3)]
    assert [sample.tolist() for part in parts for sample in part] == [sample.tolist() for sample in everything]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    limits = {open_source(path, ReadOptions(**chosen, shard=shard)).spec.limit for shard in shards_of(3)}
    assert limits == ({20} if 20 in chosen.values() else {None})


@pytest.mark.parametrize("number", [3, 50])
def test_merged_statistics_of_shards_are_those_of_the_whole(case: Case, path: str, number: int) -> None:
    per = case.pers[0]
    whole, parts = measure_path(path, per), [measure_path(path, per, shard=shard) for shard in shards_of(number)]
    assert sum(part.samples for part in parts) == whole.samples
    assert [part.shard for part in parts] == shards_of(number)
    assert {part.names for part in parts} == {whole.names}
    merged = reduce(lambda one, other: one.merge(other), (part.moments for part in parts))
    small = case.values.dtype.kind in "iu" and case.values.dtype.itemsize <= 2
    size = float(np.abs(case.values.astype(float)).max())
    for field, scale in (("mean", size), ("m2", 0.0)):
        ours, theirs = getattr(merged, field), getattr(whole.moments, field)
        if small:
            np.testing.assert_array_equal(ours, theirs)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-15 * scale)
    for field in ("count", "missing", "min", "max"):
        np.testing.assert_array_equal(getattr(merged, field), getattr(whole.moments, field))


def write_parts(path: str, stats: Stats, folder: Path, output: str, number: int, **options: Any) -> list[str]:
    """Writes the data at `path` in parts; returns their paths in the order of the data."""
    parts = []
    for shard in shards_of(number):
        parts.append(str(folder / f"{shard.index}-{output}"))
        source, columns = open_to_apply(path, ReadOptions(shard=shard, **options), stats)
        apply(source, columns, parts[-1], ApplyOptions("standardize"), Plan(1))
        source.close()
    return parts


@pytest.mark.parametrize("number", [3])
def test_joined_parts_are_the_output_of_one_run(
    case: Case, path: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 700)
    stats = measure_path(path)
    whole, joined = tmp_path / "whole", tmp_path / "joined"
    for folder in (whole, joined):
        folder.mkdir()
    source, columns = open_to_apply(path, ReadOptions(), stats)
    apply(source, columns, str(whole / case.output), ApplyOptions("standardize"), Plan(1))
    parts = write_parts(path, stats, tmp_path, case.output, number)
    outcome = join_parts(parts[::-1], str(joined / case.output))
    np.testing.assert_array_equal(case.read(joined / case.output), case.read(whole / case.output))
    receipts = [find_receipt(str(folder / case.output), ReadOptions()) for folder in (whole, joined)]
    assert receipts[0] == receipts[1] is not None
    if case.output.endswith(".h5"):
        assert any("--allow-external" in note for note in outcome.notes)
        assert join_parts(parts, str(joined / case.output), copy=True).notes == []
        for part in parts:
            Path(part).unlink()
        np.testing.assert_array_equal(case.read(joined / case.output), case.read(whole / case.output))
        assert [sample.tolist() for sample in read_samples(str(joined / case.output))] == [
            sample.tolist() for sample in read_samples(str(whole / case.output))
        ]
    else:
        written = [{file.name: file.read_bytes() for file in folder.iterdir()} for folder in (whole, joined)]
        assert written[0] == written[1]


def test_more_parts_than_samples_join_too(first_case: Case, tmp_path: Path) -> None:
    path = str(first_case.write(tmp_path, first_case.values))
    parts = write_parts(path, measure_path(path), tmp_path, first_case.output, 7, limit=3)
    join_parts(parts, str(tmp_path / first_case.output))
    assert first_case.read(tmp_path / first_case.output).shape == (3, *first_case.values.shape[1:])


def test_parts_that_do_not_belong_together_are_not_joined(first_case: Case, tmp_path: Path) -> None:
    path = str(first_case.write(tmp_path, first_case.values))
    stats = measure_path(path)
    parts = write_parts(path, stats, tmp_path, first_case.output, 3)
    joined = str(tmp_path / f"joined-{first_case.output}")
    with pytest.raises(UsageError, match="part 2 of 3 is missing"):
        join_parts([parts[0], parts[2]], joined)
    with pytest.raises(UsageError, match="is named twice"):
        join_parts([parts[0], parts[1], parts[1]], joined)
    other = tmp_path / "other"
    other.mkdir()
    two = write_parts(path, stats, other, first_case.output, 2)
    with pytest.raises(UsageError, match=r"is part 2/2, but .* is part 1/3"):
        join_parts([parts[0], two[1], parts[2]], joined)
    by_others = write_parts(path, replace(stats, ignore=-7.0), other, first_case.output, 3)
    with pytest.raises(DataError, match="written with other statistics"):
        join_parts([parts[0], by_others[1], parts[2]], joined)
    with pytest.raises(DataError, match="is not a part"):
        join_parts([path], joined)
    assert not Path(joined).exists()


def test_a_part_of_a_part_is_not_written(first_case: Case, tmp_path: Path) -> None:
    path = str(first_case.write(tmp_path, first_case.values))
    stats = measure_path(path)
    part = write_parts(path, stats, tmp_path, first_case.output, 2)[1]
    source, columns = open_to_apply(part, ReadOptions(shard=Shard(1, 2)), stats)
    with pytest.raises(DataError, match="is part 2/2 of a dataset itself"):
        apply(source, columns, str(tmp_path / f"x-{first_case.output}"), ApplyOptions("center", force=True), Plan(1))


def test_statistics_agree_with_numpy_over_the_whole_data(case: Case, path: str) -> None:
    for per in case.pers:
        moments = measure_path(path, per).moments
        wide = case.values.astype(np.longdouble)
        axes = case.averaged(per)
        mean, std = wide.mean(axis=axes), wide.std(axis=axes)
        # A mean of values that cancel is as exact as the values' size allows.
        size = float(np.abs(wide).max())
        np.testing.assert_allclose(moments.mean.reshape(mean.shape), mean.astype(float), rtol=1e-12, atol=1e-15 * size)
        np.testing.assert_allclose(moments.std().reshape(std.shape), std.astype(float), rtol=1e-12)
        np.testing.assert_array_equal(moments.min.reshape(mean.shape), case.values.min(axis=axes).astype(float))
        np.testing.assert_array_equal(moments.max.reshape(mean.shape), case.values.max(axis=axes).astype(float))
        assert int(moments.count.sum()) == case.values.size


def test_blocks_of_any_size_give_the_same_statistics(case: Case, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure_path(path, case.pers[0]).moments
    for nbytes in (1, 100, 1000):
        monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", nbytes)
        source = open_path(path)
        assert len(list(source.spans())) > 1
        parts = measure([source], MeasureOptions(case.pers[0]), Plan(1))[0].moments
        size = float(np.abs(case.values.astype(float)).max())
        np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12, atol=1e-15 * size)
        np.testing.assert_allclose(parts.m2, whole.m2, rtol=1e-12)
        np.testing.assert_array_equal(parts.count, whole.count)


def test_any_number_of_workers_gives_the_same_bytes(case: Case, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 500)
    documents = {to_json(measure_path(path, case.pers[0], workers).to_document()) for workers in (1, 2, 5)}
    assert len(documents) == 1


def test_a_pickled_source_reads_the_same_blocks(path: str) -> None:
    source = open_path(path)
    other = pickle.loads(pickle.dumps(source))
    for span in source.spans():
        ours, theirs = source.read(span), other.read(span)
        np.testing.assert_array_equal(ours.values, theirs.values)
        assert ours.digest == theirs.digest


def test_blocks_hold_the_values_in_order(case: Case, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 300)
    source = open_path(path)
    values = np.concatenate([source.read(span).values for span in source.spans()])
    np.testing.assert_array_equal(values, case.values)
    assert values.dtype == source.spec.dtype
    assert source.spec.axes[0] == "N"
    assert len(source.spec.sample_shape) == values.ndim - 1


@pytest.mark.parametrize("operation", ["center", "standardize"])
@pytest.mark.parametrize("workers", [1, 3])
def test_the_output_is_what_numpy_computes_and_its_inverse_the_input(
    case: Case, path: str, operation: Any, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 700)
    stats = measure_path(path)
    output, back = tmp_path / case.output, tmp_path / f"back{Path(case.output).suffix}"
    options = ApplyOptions(operation, dtype="float64")
    source, columns = open_to_apply(path, ReadOptions(), stats)
    apply(source, columns, str(output), options, Plan(workers))
    wide, axes = case.values.astype(np.float64), case.averaged(stats.per)
    expected = wide - wide.mean(axis=axes)
    if operation == "standardize":
        expected = expected / wide.std(axis=axes)
    size = float(np.abs(expected).max())
    # NumPy's own mean of float64 is off by a few units in the last place of the values.
    np.testing.assert_allclose(case.read(output), expected, rtol=1e-12, atol=1e-12 * size)
    inverse = ApplyOptions(operation, dtype="float64", inverse=True)
    transformed, columns = open_to_apply(str(output), ReadOptions(), stats, inverse=True)
    apply(transformed, columns, str(back), inverse, Plan(workers))
    np.testing.assert_allclose(case.read(back), wide, rtol=1e-14, atol=1e-14 * float(np.abs(wide).max()))


def test_a_scaled_output_is_what_numpy_computes_and_its_inverse_the_input(
    case: Case, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 700)
    stats = measure_path(path)
    output, back = tmp_path / case.output, tmp_path / f"back{Path(case.output).suffix}"
    options = ApplyOptions(operation="scale", method="minmax", range=(-1.0, 1.0), dtype="float64")
    apply(*open_to_apply(path, ReadOptions(), stats), str(output), options, Plan(2))
    wide, axes = case.values.astype(np.float64), case.averaged(stats.per)
    low, high = wide.min(axis=axes), wide.max(axis=axes)
    np.testing.assert_allclose(case.read(output), (wide - low) / (high - low) * 2 - 1, rtol=1e-12, atol=1e-12)
    transformed, columns = open_to_apply(str(output), ReadOptions(), stats, inverse=True)
    apply(transformed, columns, str(back), replace(options, inverse=True), Plan(2))
    np.testing.assert_allclose(case.read(back), wide, rtol=1e-14, atol=1e-14 * float(np.abs(wide).max()))


def test_samples_of_length_1_are_what_numpy_computes(
    case: Case, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zm_cli.data.block.BLOCK_BYTES", 700)
    source, output = open_path(path), tmp_path / case.output
    options = ApplyOptions(operation="scale", method="l2", dtype="float64")
    apply(source, describe_unmeasured(source, None), str(output), options, Plan(2))
    wide = case.values.astype(np.float64)
    norm = np.linalg.norm(wide.reshape(len(wide), -1), axis=1).reshape(-1, *[1] * (wide.ndim - 1))
    np.testing.assert_allclose(case.read(output), wide / np.where(norm == 0, 1, norm), rtol=1e-13)


def test_what_was_centered_is_not_centered_again(case: Case, path: str, tmp_path: Path) -> None:
    stats = measure_path(path)
    output = str(tmp_path / case.output)
    apply(*open_to_apply(path, ReadOptions(), stats), output, ApplyOptions("center"), Plan(1))
    again = measure_path(output)
    twice = str(tmp_path / f"twice{Path(case.output).suffix}")
    with pytest.raises(DataError, match="centered already"):
        apply(*open_to_apply(output, ReadOptions(), again), twice, ApplyOptions("center"), Plan(1))
    assert not Path(twice).exists()
    apply(*open_to_apply(output, ReadOptions(), again), twice, ApplyOptions("center", force=True), Plan(1))
    assert Path(twice).exists()


def test_a_failing_run_leaves_the_earlier_output_and_nothing_else(
    case: Case, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats = measure_path(path)
    place = tmp_path / "place"
    place.mkdir()
    output = place / case.output
    output.write_bytes(b"earlier")
    source, columns = open_to_apply(path, ReadOptions(), stats)

    def interrupt(nbytes: int, samples: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(source, columns, str(output), ApplyOptions("center"), Plan(2), tick=interrupt)
    assert [entry.name for entry in place.iterdir()] == [case.output]
    assert output.read_bytes() == b"earlier"


def test_two_runs_give_identical_bytes(case: Case, path: str, tmp_path: Path) -> None:
    stats = measure_path(path)
    written = []
    for name, workers in (("one", 1), ("two", 2)):
        output = tmp_path / name / case.output
        output.parent.mkdir()
        apply(*open_to_apply(path, ReadOptions(), stats), str(output), ApplyOptions("center"), Plan(workers))
        written.append({entry.name: entry.read_bytes() for entry in output.parent.iterdir()})
    assert written[0] == written[1]


def test_facts_are_plain_json(path: str) -> None:
    facts = open_path(path).facts()
    assert facts.nbytes > 0
    json.dumps([dict(facts.shapes), dict(facts.types), dict(facts.others), facts.notes])


def test_a_format_is_surest_of_its_own_data(case: Case, path: str) -> None:
    kind = next(kind for kind, cases in CASES.items() if case in cases)
    assert detect(path).kind == kind
    assert detect(path, preferred=kind).kind == kind
    assert formats()[kind].recognize(Path(path)) is not None


@pytest.mark.parametrize("name", ["s.json", "s.npz", "s.h5"])
def test_statistics_come_back_from_a_file_to_the_bit(case: Case, path: str, name: str, tmp_path: Path) -> None:
    stats = measure_path(path)
    save_stats(stats, str(tmp_path / name))
    found = load_stats(str(tmp_path / name))
    assert to_json(found.to_document()) == to_json(stats.to_document())
    jsonschema.validate(json.loads(to_json(found.to_document())), load_schema("stats"))


def test_recorded_options_are_valid_and_read_the_same_again(case: Case, path: str) -> None:
    source = open_path(path)
    recorded = formats()[source.spec.kind].recorded
    assert set(source.spec.decoding) <= set(recorded)
    for name, value in source.spec.decoding.items():
        if value is not None:
            assert recorded[name].is_valid(json.loads(json.dumps(value)))
            jsonschema.validate(json.loads(json.dumps(value)), recorded[name].schema)
    again, _ = open_to_apply(path, ReadOptions(), measure_path(path))
    for field in ("axes", "sample_shape", "dtype", "names", "decoding"):
        assert getattr(again.spec, field) == getattr(source.spec, field)


def test_the_commands_measure_apply_and_undo(first_case: Case, tmp_path: Path) -> None:
    path = first_case.write(tmp_path, first_case.values)
    output = tmp_path / "out" / first_case.output
    back = tmp_path / "back" / first_case.output
    for folder in (output.parent, back.parent):
        folder.mkdir()
    for command in (
        ("stats", path, "-o", tmp_path / "s.json"),
        ("standardize", path, "-o", output, "--stats", tmp_path / "s.json", "--if-changed"),
        ("standardize", output, "-o", back, "--stats", tmp_path / "s.json", "--inverse", "--dtype", "float64"),
        ("inspect", path, "--against", tmp_path / "s.json"),
    ):
        assert run_zm(*map(str, command)).code == 0
    again = run_zm("standardize", str(path), "-o", str(output), "--stats", str(tmp_path / "s.json"), "--if-changed")
    assert "is up to date" in again.err
    # The transformed values are float32.
    size = float(np.abs(first_case.values).max())
    np.testing.assert_allclose(first_case.read(back), first_case.values.astype(float), rtol=1e-5, atol=1e-5 * size)
