"""The file of a checkpoint: what it restores, and that damaged or forged files and other runs are refused."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import xxhash

import zm_cli
from zm_cli.data.block import Labels, Rejected, Skipped
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.data.texts import TextColumn
from zm_cli.errors import DataError
from zm_cli.formats import open_source
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.distinct import Distinct, DistinctColumns
from zm_cli.numbers.moments.moments import Moments
from zm_cli.pipeline.measuring.checkpoint import Checkpoint
from zm_cli.pipeline.measuring.checkpoint_file import MAGIC, read_checkpoint, restore, restore_array, write_checkpoint
from zm_cli.pipeline.measuring.digest import SourceDigest
from zm_cli.pipeline.measuring.measure_spans import SpanStatistics
from zm_cli.pipeline.measuring.reduction import Progress
from zm_cli.pipeline.measuring.same_run import describe_run, find_difference
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.statistics.zeros import Zeros


@pytest.fixture
def result() -> SpanStatistics:
    """Statistics with something in every field."""
    values = np.random.default_rng(1).integers(0, 256, (20, 3), np.uint8)
    running = Accumulator((1,), (), (Zeros,), by="kind")
    running.add_block(values, Labels(np.arange(20) % 3, ("a", "b", "c")))
    return SpanStatistics(
        source=0,
        batches=3,
        counts=np.arange(12).reshape(3, 4),
        moments=Moments.from_block(values, (1,)),
        statistics=(Zeros.from_block(values, (1,)),),
        groups=running.groups,
        samples=20,
        nbytes=60,
        rejected={1: Rejected(3, "x")},
        skipped=[Skipped("a", "b")],
        skipped_total=1,
        texts={1: TextColumn(2, np.arange(3, dtype=np.uint64))},
        notes={"a note": None},
        infinities=2,
        outside=np.arange(3),
        distinct=DistinctColumns({0: Distinct(1.0, 2.0, True, False, np.arange(2.0))}),
    )


@pytest.fixture
def kept(tmp_path: Path, result: SpanStatistics) -> Path:
    """A checkpoint of one source."""
    path = tmp_path / "run.checkpoint"
    path.touch()
    write_checkpoint(path, {"run": "this"}, [make_progress(result)])
    return path


def make_progress(result: SpanStatistics) -> Progress:
    return Progress(3, 20, 60, SourceDigest(bytearray(b"earlier"), bytearray(b"latest")), (None, (result, 3)), b"trail")


def read(path: Path) -> list[Progress]:
    found = read_checkpoint(str(path))
    assert found is not None
    return restore(found[1], str(path))


def forge(path: Path, state: bytes) -> None:
    """Makes a checkpoint that is whole, with this state."""
    content = (2).to_bytes(8, "little") + b"{}" + state
    path.write_bytes(MAGIC + xxhash.xxh3_128_digest(content) + content)


def test_a_state_comes_back(kept: Path, result: SpanStatistics) -> None:
    (found,) = read(kept)
    assert repr(found) == repr(make_progress(result))
    node = found.levels[1]
    assert node is not None
    restored = node[0]
    assert restored.moments is not None
    assert restored.moments.count.flags.writeable


def test_there_is_nothing_to_restore_without_a_file(tmp_path: Path) -> None:
    assert read_checkpoint(str(tmp_path / "none")) is None


def test_a_file_that_was_cut_short_or_changed_is_refused(kept: Path) -> None:
    whole = kept.read_bytes()
    step = max(1, len(whole) // 97)
    for end in range(0, len(whole), step):
        kept.write_bytes(whole[:end])
        with pytest.raises(
            DataError, match=r"is damaged; remove it|is not a checkpoint of this zm; if it was one, remove"
        ):
            read_checkpoint(str(kept))
    for index in range(0, len(whole), step):
        kept.write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        with pytest.raises(DataError, match=r"is damaged|is not a checkpoint"):
            read_checkpoint(str(kept))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"zm checkpoint 2\n" + bytes(40)])
def test_another_file_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(
        DataError, match="other: is not a checkpoint of this zm; if it was one, remove it to begin anew"
    ):
        read_checkpoint(str(path))
    assert path.read_bytes() == content


class Harmful:
    """Pickles as a call that an attacker would like to be made."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


STATES: dict[str, Any] = {
    "a command": Harmful(os.system, "touch harmed"),
    "code": Harmful(eval, "open('harmed', 'w')"),
    "a file": Harmful(open, "harmed", "w"),
    "an attribute": Harmful(getattr, "a", "upper"),
    "of numpy": Harmful(np.load, "harmed"),
    "of zm": Harmful(write_checkpoint, Path("harmed"), {}, []),
    "inside": [Progress(batches=1, levels=cast(Any, ((Harmful(os.mkdir, "harmed"), 1),)))],
    "objects": Harmful(restore_array, "O", (1,), b"12345678"),
    "a large array": Harmful(restore_array, "<f8", (1 << 40,), b"12345678"),
    "numbers": [1, 2],
    "nothing": None,
}


@pytest.mark.parametrize("state", STATES.values(), ids=list(STATES))
def test_a_made_up_state_calls_nothing(state: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "run.checkpoint"
    forge(path, pickle.dumps(state))
    with pytest.raises(DataError, match="is damaged; remove it to begin anew"):
        read(path)
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("done", [[], [Progress()], [Progress(batches=1), Progress(batches=1)]])
def test_a_state_that_no_run_has_is_refused(done: list[Progress], tmp_path: Path) -> None:
    path, (source, options, reading) = tmp_path / "run.checkpoint", open_table(tmp_path)
    path.touch()
    run = describe_run([source], options, reading)
    write_checkpoint(path, run, done)
    with pytest.raises(DataError, match="is damaged"):
        Checkpoint(str(path), [source], options, reading)


def open_table(folder: Path) -> tuple[Source, MeasureOptions, ReadOptions]:
    (folder / "t.csv").write_text("a,b\n1,2\n3,4\n")
    return open_source(str(folder / "t.csv"), ReadOptions()), MeasureOptions(), ReadOptions()


@pytest.mark.parametrize(
    ("measuring", "reading", "said"),
    [
        (MeasureOptions("all"), ReadOptions(), "with --per column, this one has --per all"),
        (MeasureOptions(ignore=3), ReadOptions(), "with no --ignore, this one has --ignore 3"),
        (MeasureOptions(ignore=0.0), ReadOptions(), "with no --ignore, this one has --ignore 0.0"),
        (MeasureOptions(missing="error"), ReadOptions(), "with --missing skip, this one has --missing error"),
        (MeasureOptions(statistics=(Zeros,)), ReadOptions(), "with no --zeros, this one has --zeros"),
        (MeasureOptions(), ReadOptions(limit=1), "with no --limit, this one has --limit 1"),
        (MeasureOptions(), ReadOptions(columns=("a",)), "with no --columns, this one has --columns a"),
        (MeasureOptions(), ReadOptions(on_error="skip"), "with no --on-error, this one has --on-error skip"),
    ],
)
def test_other_options_are_refused_by_name(
    measuring: MeasureOptions, reading: ReadOptions, said: str, tmp_path: Path
) -> None:
    refuse(tmp_path, measuring, reading, f"belongs to a run {said}; repeat the command of that run, or remove it")


def test_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(tmp_path, MeasureOptions(), ReadOptions(), None)
    monkeypatch.setattr(zm_cli, "__version__", "99.0")
    with pytest.raises(DataError, match=r"of zm \d.*, this is zm 99.0"):
        Checkpoint(str(tmp_path / "run.checkpoint"), [open_table(tmp_path)[0]], MeasureOptions(), ReadOptions())


def refuse(folder: Path, measuring: MeasureOptions, reading: ReadOptions, said: str | None) -> None:
    """Checks that a run with these options refuses the checkpoint of one without."""
    path, (source, options, plain) = folder / "run.checkpoint", open_table(folder)
    path.touch()
    write_checkpoint(path, describe_run([source], options, plain), [Progress(batches=1)])
    if said is None:
        return
    before = path.read_bytes()
    with pytest.raises(DataError) as raised:
        Checkpoint(str(path), [open_source(source.path, reading)], measuring, reading)
    assert said in str(raised.value)
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in folder.iterdir()) == ["run.checkpoint", "t.csv"]


def test_other_sources_are_refused_by_name(tmp_path: Path) -> None:
    path, (source, options, reading) = tmp_path / "run.checkpoint", open_table(tmp_path)
    path.touch()
    write_checkpoint(path, describe_run([source], options, reading), [Progress(batches=1)])
    (tmp_path / "u.csv").write_text("a,b\n5,6\n")
    other = open_source(str(tmp_path / "u.csv"), reading)
    with pytest.raises(DataError, match=r"of .*t.csv, this one is of .*u.csv"):
        Checkpoint(str(path), [other, source], options, reading)
    with pytest.raises(DataError, match="a run of 1 source, this one has 2"):
        Checkpoint(str(path), [source, other], options, reading)


def test_an_option_may_be_left_at_its_default(tmp_path: Path) -> None:
    source, options, reading = open_table(tmp_path)
    stated = replace(options, per="column")
    assert describe_run([source], options, reading) == describe_run([source], stated, reading)


def test_a_long_option_is_told_in_part() -> None:
    one, other = ({"version": "1", "options": {"--columns": text}, "sources": []} for text in ("a" * 90, "b" * 90))
    assert len(find_difference(one, other) or "") < 250
