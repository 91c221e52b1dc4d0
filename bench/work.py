"""The nouns of the bench: a row of work, its contestants, what is aimed at, and work whose size grows."""

from __future__ import annotations

from dataclasses import dataclass

Command = tuple[str, ...]
"""A program and its arguments; `{data}`, `{ready}` and `{output}` in them are the folders of the inputs, of what the
row's preparations leave, and of the contestant's own output; `{peers}` is that of the scripts."""

ANSWER = "answer.json"
"""What a command prints is kept under this name in the folder of its output."""

TOLERANCE = 1e-6
"""By how much answers may differ: relative to the deviation, or to the value where that is larger."""

GROWTH_BOUND = 1.1
"""The peak of the largest input shall be at most this many times that of the smallest."""


def zm(*arguments: str) -> Command:
    """The command that runs zm."""
    return "zm", *arguments


def peer(script: str, *arguments: str) -> Command:
    """The command that runs one of the scripts in `peers/`."""
    return "python", "{peers}/" + f"{script}.py", *arguments


@dataclass(frozen=True)
class Contestant:
    """One way to do the work of a row.

    `answer` is the file in the folder of its output that must agree with zm's, None where it computes nothing. A slow
    one runs in the first `rounds` rounds only.
    """

    name: str
    command: Command
    answer: str | None = None
    rounds: int | None = None


@dataclass(frozen=True)
class Target:
    """What zm shall take: at most `bound` times as long as the contestant `against`, or `bound` seconds against none;
    or, `faster`, the other shall take at least `bound` times as long as zm."""

    bound: float
    against: str | None = None
    faster: bool = False

    def met(self, value: float) -> bool:
        """Whether a measured ratio, or time, is within the bound."""
        return value >= self.bound if self.faster else value <= self.bound


@dataclass(frozen=True)
class Row:
    """A work that several contestants do, zm first, and what zm aims at in it.

    `ready` are commands that run once before it. Each round runs every contestant `repeats` times.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    contestants: tuple[Contestant, ...]
    targets: tuple[Target, ...] = ()
    ready: tuple[Command, ...] = ()
    repeats: int = 1


@dataclass(frozen=True)
class Growth:
    """A command of zm over inputs that hold 1, 3 and 10 times as much: its memory shall stay under `most` megabytes.

    `{input}` in its commands is the input of that size.
    """

    name: str
    title: str
    input: str
    command: Command
    most: int
    ready: tuple[Command, ...] = ()
