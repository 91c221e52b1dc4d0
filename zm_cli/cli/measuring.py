"""Measures opened sources with a progress bar and warnings, for `stats` and the commands that write."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from zm_cli.cli.display.tables import format_samples
from zm_cli.cli.messages import Messages
from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.errors import UsageError
from zm_cli.inputs.option_text import find_fractions
from zm_cli.outputs.draft import check_folder
from zm_cli.pipeline.measuring.checkpoint import NO_CHECKPOINT, Checkpoint, ProgressStore
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions, Purpose
from zm_cli.pipeline.outcome import Outcome
from zm_cli.pipeline.splits import find_held_out, find_leak
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats


def measure_opened(
    sources: Sequence[Source],
    options: MeasureOptions,
    plan: Plan,
    messages: Messages,
    purpose: Purpose = "stats",
    *,
    progress: ProgressStore = NO_CHECKPOINT,
) -> tuple[Stats, Outcome]:
    """Returns the statistics of opened sources, made for this purpose, and the notes and warnings about them.

    The run resumes from what `progress` holds of an earlier one.
    """
    messages.print_left_out(sources)
    with messages.progress_bar(sources, "measuring", (progress.nbytes, progress.samples)) as tick:
        stats, outcome = measure(sources, replace(options, purpose=purpose), plan, tick, progress)
    if split := find_leak(sources) or find_held_out(sources):
        outcome.warn(split)
    if fractions := find_fractions(options.settings.get("quantiles") or ()):
        outcome.warn(fractions)
    return stats, outcome


def check_checkpoint(path: str | None) -> None:
    """Raises UsageError for a checkpoint that cannot be a file."""
    if path is None:
        return
    if path == "-":
        raise UsageError("must be a file", where="--checkpoint")
    check_folder(Path(path))
    if os.path.exists(path) and not os.path.isfile(path):
        raise UsageError("is not a regular file", where=path, hint="name another file for --checkpoint")


@contextmanager
def open_checkpoint(
    path: str | None, sources: Sequence[Source], options: MeasureOptions, reading: ReadOptions, messages: Messages
) -> Iterator[ProgressStore]:
    """Yields the checkpoint of a run at `path`, and prints as a detail how far an earlier run had come.

    Without a path, no progress is saved. Raises the errors of Checkpoint.
    """
    if path is None:
        yield NO_CHECKPOINT
        return
    with Checkpoint(path, sources, options, reading) as checkpoint:
        if checkpoint.samples:
            messages.print_detail(f"resumes after {format_samples(checkpoint.samples)} of an earlier run")
        yield checkpoint


def remove_checkpoint(path: str | None) -> None:
    """Removes the checkpoint of a run that is complete, if there is one."""
    if path is not None:
        # A symbolic link stays: the file that it points to is what was written.
        Path(os.path.realpath(path)).unlink(missing_ok=True)
