"""Runs zm as users do: in a process of its own, with pipes or at a terminal."""

from __future__ import annotations

import os
import select
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import jq
from tests.systems import fcntl, pty, skip_without_shell, skip_without_terminal, termios

ZM = (sys.executable, "-m", "zm_cli")
HANDLE_INTERRUPTS: dict[str, Any] = (
    {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)} if hasattr(os, "fork") else {}
)
"""Options of a new process that make it handle interrupts even if this one ignores them."""


@dataclass(frozen=True)
class Ran:
    """The result of a process: its exit code, standard output, standard error."""

    code: int
    out: str
    err: str


def run_zm(
    *arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ran:
    """Runs zm with pipes for all three standard streams."""
    done = subprocess.run(
        [*ZM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **(env or {})},
        cwd=cwd,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def put_zm_on_path(folder: Path) -> dict[str, str]:
    """Puts `zm` (and a replacement for `jq`, if needed) into `folder`/bin; returns an environment that finds them."""
    skip_without_shell()
    programs = {"zm": "-m zm_cli"}
    if shutil.which("jq") is None:
        programs["jq"] = f"-m {jq.__name__}"
    (folder / "bin").mkdir(exist_ok=True)
    for name, module in programs.items():
        (folder / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (folder / "bin" / name).chmod(0o755)
    folders = [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    # If make runs the tests, its variables must not affect a make that a test runs.
    plain = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return {**plain, "PATH": os.pathsep.join(folders), "PYTHONPATH": str(Path(__file__).parents[1])}


def start_zm(*arguments: str | Path, **how: Any) -> subprocess.Popen[bytes]:
    """Starts zm with standard error in a pipe."""
    return subprocess.Popen(
        [*ZM, *map(str, arguments)],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        **HANDLE_INTERRUPTS,
        **how,
    )


def run_at_terminal(*arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ran:
    """Runs zm at a terminal of 100 columns; `out` is everything that it prints there."""
    skip_without_terminal()
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "COLUMNS": "100",
        "TERM": "xterm-256color",
    }
    process = subprocess.Popen(
        [*ZM, *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**environment, **(env or {})},
        cwd=cwd,
        start_new_session=True,
    )
    os.close(terminal)
    pieces = []
    while select.select([controller], [], [], 120)[0]:
        try:
            piece = os.read(controller, 65536)
        except OSError:  # the last process has closed the terminal
            break
        if not piece:
            break
        pieces.append(piece)
    os.close(controller)
    return Ran(process.wait(timeout=120), b"".join(pieces).decode(), "")
