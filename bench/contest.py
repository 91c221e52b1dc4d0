"""One row of work: every contestant's memory and answer first, then round by round the times of all in turn."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.process import Timing, measure_peak, time_command
from bench.work import Command, Contestant, Row, Target

ATTEMPTS = 4
"""A run that others disturb is made again, so often at most."""
PATIENCE = 1.0
LONG = 5.0
"""Seconds: a run as long as this is not made again."""


@dataclass(frozen=True)
class Setting:
    """Where the inputs are, where outputs go, how many rounds are timed, and whether the last outputs are kept."""

    data: Path
    scratch: Path
    rounds: int
    keep: bool


@dataclass
class Score:
    """What one contestant took: its runs, bytes of memory at the peak, bytes left on disk."""

    timings: list[Timing] = field(default_factory=list)
    peak: int = 0
    written: int = 0

    @property
    def seconds(self) -> list[float]:
        """The seconds of each run."""
        return [timing.seconds for timing in self.timings]

    @property
    def median(self) -> float:
        """The seconds of the middle run."""
        return median(self.seconds)

    @property
    def disturbed(self) -> int:
        """How many runs others slowed down."""
        return sum(timing.disturbed for timing in self.timings)


@dataclass
class Result:
    """The scores of a row, by the names of its contestants."""

    row: Row
    scores: dict[str, Score]

    def value(self, target: Target) -> float:
        """What a target bounds: the ratio of the two medians, or zm's seconds."""
        ours = self.scores["zm"].median
        if target.against is None:
            return ours
        theirs = self.scores[target.against].median
        return theirs / ours if target.faster else ours / theirs


def hold_contest(row: Row, setting: Setting) -> Result:
    """Runs a row; raises CommandError where a command fails, CalledProcessError where answers do not agree."""
    ready = setting.scratch / row.name / "ready"
    empty_folder(ready)
    for command in row.ready:
        time_command(command, {"data": setting.data, "ready": ready, "output": ready})
    places = {
        contestant.name: {"data": setting.data, "ready": ready, "output": ready.with_name(f"contestant-{number}")}
        for number, contestant in enumerate(row.contestants)
    }
    scores = {contestant.name: Score() for contestant in row.contestants}
    for contestant in row.contestants:
        folders, score = places[contestant.name], scores[contestant.name]
        empty_folder(folders["output"])
        score.peak = measure_peak(contestant.command, folders)
        score.written = sum(path.stat().st_size for path in folders["output"].rglob("*") if path.is_file())
        _compare(row.contestants[0], contestant, places)
        if contestant.name != "zm":
            empty_folder(folders["output"])
    # That was the round that warms up the page cache.
    for number in range(setting.rounds):
        for contestant in _rotate(row.contestants, number):
            if contestant.rounds is None or number < contestant.rounds:
                for _ in range(row.repeats):
                    timing = time_fresh(contestant.command, places[contestant.name], keep=setting.keep)
                    scores[contestant.name].timings.append(timing)
    return Result(row, scores)


def time_fresh(command: Command, folders: Mapping[str, Path], *, keep: bool) -> Timing:
    """A run into an emptied folder that starts when the disk has nothing to do, the least disturbed of some."""
    timings: list[Timing] = []
    while not timings or (timings[-1].disturbed and timings[-1].seconds < LONG and len(timings) < ATTEMPTS):
        if timings:
            time.sleep(PATIENCE)
        empty_folder(folders["output"])
        os.sync()
        timings.append(time_command(command, folders))
    if not keep:
        empty_folder(folders["output"])
    return min(timings, key=lambda timing: timing.others / timing.seconds)


def empty_folder(folder: Path) -> None:
    """Removes what is in a folder, which is made where it is absent."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _compare(zm: Contestant, other: Contestant, places: Mapping[str, Mapping[str, Path]]) -> None:
    """Raises CalledProcessError where the answers of two contestants do not agree."""
    if zm.answer is not None and other.answer is not None and other is not zm:
        answers = (places[zm.name]["output"] / zm.answer, places[other.name]["output"] / other.answer)
        subprocess.run([sys.executable, "-m", "bench.agreement", *map(str, answers)], check=True)


def _rotate(contestants: tuple[Contestant, ...], number: int) -> tuple[Contestant, ...]:
    """The same contestants, each round another first."""
    first = number % len(contestants)
    return contestants[first:] + contestants[:first]
