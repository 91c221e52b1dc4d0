"""The rows of starting up: what every call costs before it does anything."""

from __future__ import annotations

from bench.work import Command, Contestant, Row, Target, zm

PYTHON = Contestant("floor: python -c pass", ("python", "-c", "pass"))


def _start_row(name: str, command: Command, bound: float) -> Row:
    title = " ".join(command)
    return Row(name, title, (), (Contestant("zm", command), PYTHON), (Target(bound),), repeats=4)


START_ROWS = (
    _start_row("start-version", zm("--version"), 0.10),
    _start_row("start-help", zm("--help"), 0.20),
)
