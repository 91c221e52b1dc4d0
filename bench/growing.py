"""One row of the growth table: the same command of zm over inputs of several sizes, in turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.contest import Score, Setting, empty_folder, time_fresh
from bench.process import measure_peak, time_command
from bench.work import Growth

MAX_ROUNDS = 3
"""Runs that look at the memory, and as many that are timed. The highest peak counts: how many blocks the workers hold
at once is a matter of luck."""


@dataclass
class GrowthResult:
    """The scores of a growing work, by how many times the smallest input it read."""

    growth: Growth
    scores: dict[int, Score]

    @property
    def growing(self) -> float:
        """The peak of the largest input over that of the smallest."""
        return self.scores[max(self.scores)].peak / self.scores[min(self.scores)].peak

    @property
    def most(self) -> int:
        """The highest peak of all, in bytes."""
        return max(score.peak for score in self.scores.values())


def input_of(growth: Growth, factor: int) -> str:
    """The name of the input that holds `factor` times as much as the smallest."""
    return f"{factor}x-{growth.input}"


def measure_growth(growth: Growth, factors: Iterable[int], setting: Setting) -> GrowthResult:
    """Runs a command over each size; raises CommandError where it fails."""
    places, scores = {}, {}
    for factor in factors:
        output = setting.scratch / growth.name / f"{factor}x"
        ready = output.with_name(f"{factor}x-ready")
        places[factor] = {"input": setting.data / input_of(growth, factor), "ready": ready, "output": output}
        scores[factor] = Score()
        empty_folder(ready)
        for command in growth.ready:
            time_command(command, {**places[factor], "output": ready})
    rounds = min(setting.rounds, MAX_ROUNDS)
    for _ in range(rounds):
        for factor, folders in places.items():
            empty_folder(folders["output"])
            scores[factor].peak = max(scores[factor].peak, measure_peak(growth.command, folders))
            empty_folder(folders["output"])
    for _ in range(rounds):
        for factor, folders in places.items():
            scores[factor].timings.append(time_fresh(growth.command, folders, keep=setting.keep))
    return GrowthResult(growth, scores)
