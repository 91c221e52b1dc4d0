"""A library that crashes while it decodes an image: the error names the file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats.images.samples import random_values, save_picture
from tests.systems import needs_fork, resource

ROOT = Path(__file__).parents[3]
CRASHING = """
import os, signal, sys
from zm_cli.formats.images.reading import Reader

read_files, bad, number = Reader.read_files, sys.argv.pop(1), int(sys.argv.pop(1))

def crash(reader, spans, use):
    def use_or_crash(data, path, *others):
        if path == bad:
            os.kill(os.getpid(), number)
        use(data, path, *others)
    return read_files(reader, spans, use_or_crash)

Reader.read_files = crash
from zm_cli.__main__ import run
run()
"""
"""A program that runs zm with a library that crashes at one file."""


@needs_fork
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGSEGV, "cannot be read: the library crashed (SIGSEGV)"),
        (signal.SIGKILL, "the process that read it was killed (SIGKILL)"),
    ],
)
def test_a_crash_while_measuring_names_the_file(tmp_path: Path, workers: str, number: int, words: str) -> None:
    for folder in "ab":
        for number_of_file in range(40):
            save_picture(tmp_path / "big", f"{folder}/{number_of_file}.png", random_values((90, 70, 3)))
    command = [sys.executable, "-c", CRASHING, "b/7.png", str(int(number)), "stats", "big", "-j", workers]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"zm: error: {Path('big/b/7.png')}: {words}")
