"""Transcripts of shell sessions: reads commands with their output and exit codes from a text, and runs them again.

The lines of a file in `tests/transcripts/`:

    $ command               what is typed; a backslash at the end continues it on the next line
    anything else           a line of standard output
    ! anything              a line of standard error
    [terminal] ...          a line of either, printed only at a terminal
    [pipe] ...              a line of either, printed only into a pipe
    => 3                    the exit code, if it is not 0
    # anything              a comment

`...` at the end of a line stands for the rest of the line, alone on a line for any number of lines.
"""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.systems import fcntl, pty, skip_without_terminal, termios

Way = Literal["pipe", "terminal"]

SHELL = ("bash", "-o", "pipefail", "-c")
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Step:
    """A command, the lines that it prints on standard output and standard error in each way, and its exit code."""

    command: str
    line: int
    lines: dict[tuple[Way, str], list[str]] = field(default_factory=dict)
    code: int = 0

    def add(self, text: str) -> None:
        """Adds a line of the transcript below the command."""
        ways: tuple[Way, ...] = ("pipe", "terminal")
        for way in ways:
            if text.startswith(f"[{way}] "):
                ways, text = (way,), text.removeprefix(f"[{way}] ")
        side = "err" if text.startswith("!") else "out"
        for way in ways:
            self.lines.setdefault((way, side), []).append(
                text.removeprefix("!").removeprefix(" ") if side == "err" else text
            )

    def expect(self, way: Way, side: str) -> list[str]:
        """The expected lines of `out` or `err`."""
        return self.lines.get((way, side), [])


def read_transcript(path: Path) -> list[Step]:
    """The steps of a transcript in order."""
    steps: list[Step] = []
    continued = False
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if continued:
            steps[-1].command += "\n" + text
        elif text.startswith("$ "):
            steps.append(Step(text.removeprefix("$ "), number))
        elif re.fullmatch(r"=> \d+", text):
            steps[-1].code = int(text.removeprefix("=> "))
        elif text and not text.startswith("#"):
            steps[-1].add(text)
        continued = text.endswith("\\") and (continued or text.startswith("$ "))
    return steps


def fits(lines: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether lines are as expected; `...` matches anything."""
    if not expected:
        return not lines
    if expected[0] == "...":
        return any(fits(lines[skip:], expected[1:]) for skip in range(len(lines) + 1))
    if not lines:
        return False
    start = expected[0].removesuffix("...")
    same = lines[0].startswith(start) if expected[0].endswith("...") else lines[0] == expected[0]
    return same and fits(lines[1:], expected[1:])


@dataclass(frozen=True)
class Printed:
    """The lines that a command printed, without colours, and its exit code."""

    out: list[str]
    err: list[str]
    code: int


def run_in_shell(command: str, way: Way, folder: Path, env: Mapping[str, str]) -> Printed:
    """Runs a command line in a shell; both its outputs are pipes, or each is a terminal of 100 columns."""
    if way == "pipe":
        done = subprocess.run(
            [*SHELL, command],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        return Printed(_split(done.stdout), _split(done.stderr), done.returncode)
    out, err = _open_terminal(), _open_terminal()
    process = subprocess.Popen(
        [*SHELL, command], cwd=folder, env={**env, "COLUMNS": "100", "TERM": "xterm-256color"},
        stdin=subprocess.DEVNULL, stdout=out[1], stderr=err[1], start_new_session=True,
    )  # fmt: skip
    printed = _read_all({out: b"", err: b""})
    return Printed(_split(printed[out]), _split(printed[err]), process.wait(timeout=120))


def _open_terminal() -> tuple[int, int]:
    skip_without_terminal()
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    return controller, terminal


def _read_all(printed: dict[tuple[int, int], bytes]) -> dict[tuple[int, int], bytes]:
    """Reads what is printed at terminals until they are closed."""
    for _, terminal in printed:
        os.close(terminal)
    open_ends = {controller: (controller, terminal) for controller, terminal in printed}
    while open_ends and (ready := select.select(list(open_ends), [], [], 120)[0]):
        for controller in ready:
            try:
                piece = os.read(controller, 65536)
            except OSError:  # the last process has closed it
                piece = b""
            printed[open_ends[controller]] += piece
            if not piece:
                os.close(controller)
                del open_ends[controller]
    return printed


def _split(data: bytes) -> list[str]:
    text = COLOURS.sub("", data.decode().replace("\r\n", "\n"))
    # The text before a carriage return was a progress bar, which the rest of the line has overwritten.
    return [line.rpartition("\r")[2].rstrip() for line in text.splitlines() if line.strip()]
