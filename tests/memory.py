"""The peak memory of a command, measured by the kernel."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command from a small process: the peak of a process begins with that of the one that it was started from."""


def start_measured(command: Sequence[object], **how: Any) -> subprocess.Popen[bytes]:
    """Starts a command whose own output is dropped; what it prints is its peak in kB."""
    words = [sys.executable, "-c", MEASURE, *map(str, command)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, **how)


def finish_measured(process: subprocess.Popen[bytes]) -> int:
    """Waits for a process of `start_measured` that must succeed, and returns the peak memory in kB."""
    out, _ = process.communicate()
    assert process.returncode == 0
    return int(out)
