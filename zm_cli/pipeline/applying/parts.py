"""Writes an output as a folder of parts, each by one worker; the folder appears when all parts are complete."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from zm_cli.data.options import ReadOptions
from zm_cli.data.shard import Shard
from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.formats import formats
from zm_cli.formats.shared.options import SHARD
from zm_cli.formats.shared.suffixes import find_suffix
from zm_cli.outputs.draft import Draft
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.applying.other_features import describe_made
from zm_cli.pipeline.applying.output import check_output
from zm_cli.pipeline.applying.parts_record import is_replaceable, write_record
from zm_cli.pipeline.applying.rounding import list_clipped
from zm_cli.pipeline.measuring.measure import estimate_block_bytes
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions
from zm_cli.pipeline.outcome import Outcome, Tick, ignore_progress
from zm_cli.pipeline.words import changed_meanwhile, name_vectors
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import draft_stats

MAX_PARTS = 100_000


@dataclass(frozen=True)
class WritePart:
    """The task of a worker: writes one part of the data at `path`, transformed by the statistics, into `folder`.

    The names of parts end in `suffix`. `write_parts` sets `folder` and `suffix`.
    """

    path: str
    options: ReadOptions
    kind: str | None
    stats: Stats
    applying: ApplyOptions
    folder: str = ""
    suffix: str = ""

    def __call__(self, shard: Shard) -> Outcome:
        options = self.options.replace(**{SHARD.name: shard})
        describe = describe_made(self.applying)
        source, stats = open_to_apply(
            self.path, options, self.stats, self.kind, inverse=self.applying.inverse, describe=describe
        )
        with closing(source):
            output = os.path.join(self.folder, name_part(shard, self.suffix))
            return apply(source, stats, output, self.applying, Plan(workers=1))

    def name_input(self, shard: Shard) -> str:
        """Returns the path of the data."""
        return self.path

    def list_paths(self) -> list[str]:
        """Returns the paths of the data and of the folder that the parts are written to: all workers must see both."""
        return [self.path, self.folder]


def name_part(shard: Shard, suffix: str) -> str:
    """Returns the name of the file of a part; sorted, the names are in the order of the data."""
    return f"part-{shard.index:0{len(str(shard.of))}}-of-{shard.of}{suffix}"


def check_parts(source: Source, output: str, number: int, format: str | None) -> str:
    """Returns how the names of parts end; UsageError if `output` cannot be a folder of so many parts of the source."""
    if not 1 <= number <= MAX_PARTS:
        raise UsageError(f"must be from 1 to {MAX_PARTS:,}", where="--parts")
    if source.spec.shard is not None:
        raise UsageError("writes all parts, --shard only one", where="--parts", hint="leave out one of the two")
    if source.one_pass:
        raise UsageError("cannot cut what comes from a pipe", where="--parts", hint="save it to a file first")
    if output == "-":
        raise UsageError("writes a folder", where="--parts", hint="name it with -o")
    if not is_replaceable(Path(output)):
        raise UsageError(
            "exists and holds files that zm did not write", where=output, hint="remove it or name another output"
        )
    entry = formats()[source.spec.kind]
    suffix = find_suffix(source.path) if entry.name_part_suffix is None else entry.name_part_suffix(format)
    check_output(source, os.path.join(os.path.dirname(os.path.abspath(output)), f"part{suffix}"), format)
    return suffix


def write_parts(
    source: Source,
    task: WritePart,
    output: str,
    number: int,
    plan: Plan,
    *,
    own: bool = False,
    save_stats: str | None = None,
    tick: Tick = ignore_progress,
) -> Outcome:
    """Writes the folder `output` with `number` parts of the source, all of them or none; returns the outcome.

    `task` says how a part is written. The other parameters are those of `apply`, whose errors it raises.
    """
    suffix = check_parts(source, output, number, task.applying.format)
    draft = Draft(Path(output), folder=True)
    saved: Draft | None = None
    rows, vectors = source.spec.axes == "NC", name_vectors(source.spec.axes, task.stats.per)
    try:
        outcome = Outcome()
        shards = [Shard(index, number) for index in range(1, number + 1)]
        task = replace(task, folder=os.path.abspath(draft.path), suffix=suffix)
        # A part is read, transformed and encoded by one worker, which sends back only messages.
        work = Workload(
            3 * estimate_block_bytes(source, source.spec.dtype),
            result_bytes=1 << 16,
            forkable=source.forkable,
            small_steps=source.small_samples,
        )
        with closing(plan.map(task, shards, work)) as written:
            for index, part in enumerate(written):
                outcome.samples += part.samples
                outcome.transformed = outcome.transformed or part.transformed
                # These warnings are given once for the whole output, below.
                told = (part.describe_skipped(rows=rows, written=True), part.describe_incomplete(vectors))
                outcome.add_messages((sentence for sentence in part.warnings if sentence not in told), as_warnings=True)
                outcome.incomplete += part.incomplete
                outcome.clipped += part.clipped
                outcome.skip(part.skipped, part.skipped_total)
                tick(source.nbytes * (index + 1) // number - source.nbytes * index // number, part.samples)
        outcome.note(source.facts().notes)
        outcome.warn_of_skipped(rows=rows, written=True)
        outcome.warn_of_incomplete(vectors)
        outcome.note(list_clipped(outcome.clipped, outcome.samples, source.spec))
        if own and outcome.samples != task.stats.samples:
            raise changed_meanwhile(source.path)
        names = [name_part(shard, suffix) for shard in shards]
        write_record(draft.path, names, outcome.samples)
        if save_stats is not None:
            saved = draft_stats(task.stats, save_stats)
        draft.commit()
    except BaseException:
        draft.discard()
        if saved is not None:
            saved.discard()
        raise
    if saved is not None:
        saved.commit()
    return outcome
