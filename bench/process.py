"""Runs one command as a whole process: how long it takes, or how much memory it and its workers hold.

The bench itself imports nothing large: a child is born with its parent's memory, and the kernel counts that as the
child's own peak. Inputs are made and answers are compared in processes of their own.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.work import ANSWER, Command

PEERS = Path(__file__).parent / "peers"

SAMPLE_SECONDS = (0.001, 0.02)
"""Between two looks at the memory, at first and later on: what is short is looked at more often."""

DISTURBED = 0.1
"""What others may use of a core during a run, on average; a few ticks of the clock (10 ms) are let pass."""
TICKS = 0.04


class CommandError(Exception):
    """A command that failed: what was run and what it said."""


@dataclass(frozen=True)
class Timing:
    """Seconds from the start of a process to its end, and seconds of processor time that others took meanwhile."""

    seconds: float
    others: float

    @property
    def disturbed(self) -> bool:
        """Whether others slowed it down."""
        return self.others > DISTURBED * self.seconds + TICKS


def time_command(command: Command, folders: Mapping[str, Path]) -> Timing:
    """How long the whole process takes; raises CommandError where it fails."""
    busy = _busy_seconds()
    begin = time.perf_counter()
    process = _start(command, folders)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    others = _busy_seconds() - busy - usage.ru_utime - usage.ru_stime
    _check(process, status, command, folders)
    return Timing(seconds, others)


def measure_peak(command: Command, folders: Mapping[str, Path]) -> int:
    """The most bytes that the process and its children held together, looked at every 20 ms.

    That slows them down, so that the run is not timed. Memory that several of them share counts once (PSS).
    """
    begin = time.perf_counter()
    process = _start(command, folders)
    root, peak = psutil.Process(process.pid), 0
    shortest, longest = SAMPLE_SECONDS
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        peak = max(peak, _resident(root))
        time.sleep(min(longest, max(shortest, (time.perf_counter() - begin) / 10)))
    _check(process, status, command, folders)
    # The kernel's own mark misses no moment, but knows one process only: the largest. At its lowest it is the mark of
    # this process, which a child inherits.
    mark = usage.ru_maxrss
    return max(peak, mark << 10 if mark > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss else 0)


def _busy_seconds() -> float:
    """Seconds that all cores together have worked since the machine was started, for anyone."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


def _resident(root: psutil.Process) -> int:
    """Bytes of a process and its children now, shared ones divided among those who share them."""
    total = 0
    try:
        for process in (root, *root.children(recursive=True)):
            total += int(process.memory_full_info().pss)
    except psutil.Error:
        # One of them has just ended; there is another look soon.
        return 0
    return total


def _start(command: Command, folders: Mapping[str, Path]) -> subprocess.Popen[bytes]:
    program, *arguments = (word.format(peers=PEERS, **folders) for word in command)
    program = sys.executable if program == "python" else str(Path(sys.executable).with_name(program))
    with (folders["output"] / ANSWER).open("wb") as out, _messages(folders).open("wb") as messages:
        return subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=messages)


def _check(process: subprocess.Popen[bytes], status: int, command: Command, folders: Mapping[str, Path]) -> None:
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = _messages(folders).read_text(errors="replace").strip()
        raise CommandError(f"{' '.join(command)} ended with {process.returncode}: {said[-2000:]}")


def _messages(folders: Mapping[str, Path]) -> Path:
    return folders["output"] / "messages.txt"
