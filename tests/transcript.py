"""Transcripts of a shell: commands with all that they print and their exit codes, read from text and run again.

In a file of `tests/transcripts/`, a line says

    $ command               what is typed, in one line or, after a backslash, several
    anything else           a line of standard output
    ! anything              a line of standard error
    [terminal] ...          a line of either that is only there where the output is a terminal
    [pipe] ...              a line that is only there where it is none
    => 3                    the exit code, where it is not 0
    # anything              a remark

`...` at the end of a line stands for the rest of the line, alone on a line for any number of lines.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Way = Literal["pipe", "terminal"]

SHELL = ("bash", "-o", "pipefail", "-c")
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Step:
    """A command, the lines that it prints on each side, in the way that they are looked at, and its exit code."""

    command: str
    line: int
    lines: dict[tuple[Way, str], list[str]] = field(default_factory=dict)
    code: int = 0

    def add(self, text: str) -> None:
        """Takes a line of the transcript that stands under the command."""
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
        """The lines to come out on a side."""
        return self.lines.get((way, side), [])


def read_transcript(path: Path) -> list[Step]:
    """The steps of a transcript in their order."""
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
    """Whether lines are as expected, where `...` stands for anything."""
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
    """What a command left on standard output and standard error, in lines without colours, and its exit code."""

    out: list[str]
    err: list[str]
    code: int


def run_in_shell(command: str, way: Way, folder: Path, env: Mapping[str, str]) -> Printed:
    """A command line run by a shell, its outputs both pipes, or each a terminal of 100 columns."""
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
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    return controller, terminal


def _read_all(printed: dict[tuple[int, int], bytes]) -> dict[tuple[int, int], bytes]:
    """What comes out of terminals until nobody holds them open any more."""
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
    # What stands before a return was a progress bar, which the rest of the line took the place of.
    return [line.rpartition("\r")[2].rstrip() for line in text.splitlines() if line.strip()]
