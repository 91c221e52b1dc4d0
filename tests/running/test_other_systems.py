"""On systems that lack features of Linux, zm works in one process, with the same bytes and no partial output."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.shell import Ran, run_zm
from tests.systems import slow
from zm_cli import system

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks at the open files of a process")
ROOT = Path(__file__).parents[2]
ROWS = "".join(f"{number},x{number},{number / 2}\n" for number in range(3000))

COMMANDS = (
    "stats pictures -o pictures.json",
    "standardize pictures -o tree --format npy",
    # Replaces a folder.
    "center pictures -o tree --format npy",
    "center pictures -o pictures.h5",
    "inspect tree",
    "stats table.csv -o table.npz",
    "center table.csv -o centered.csv",
    "standardize table.csv.gz -o standardized.csv.gz --if-changed",
    "standardize table.csv.gz -o standardized.csv.gz --if-changed",
    "standardize standardized.csv.gz -o back.csv --inverse",
    "center table.csv -o -",
    "inspect table.csv",
    "stats chunked.h5 -o chunked.stats.h5",
    "center chunked.h5 -o centered.h5",
    "standardize plain.h5 -o standardized.h5",
    "inspect centered.h5 --json",
    "stats array.npy",
    "standardize array.npy -o standardized.npy",
    "center packed.npz -o centered.npz --dataset x",
    "inspect centered.npz",
    # Errors leave nothing behind.
    "center table.csv -o table.csv",
    "center broken.npy -o never.npy",
)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A folder with datasets of every kind."""
    folder, generator = tmp_path / "inputs", np.random.default_rng(1)
    for name in "ab":
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(4):
            picture = generator.integers(0, 256, (8, 9, 3), np.uint8)
            Image.fromarray(picture).save(folder / "pictures" / name / f"{number}.png")
    table = f"n,name,v\n{ROWS}".encode()
    (folder / "table.csv").write_bytes(table)
    (folder / "table.csv.gz").write_bytes(gzip.compress(table, mtime=0))
    with h5py.File(folder / "chunked.h5", "w") as file:
        values = generator.integers(0, 256, (300, 8, 8, 3), np.uint8)
        file.create_dataset("x", data=values, chunks=(16, 8, 8, 3), compression="gzip")
    with h5py.File(folder / "plain.h5", "w") as file:
        file["x"] = generator.normal(size=(3000, 40))
    np.save(folder / "array.npy", np.asfortranarray(generator.normal(size=(300, 7))))
    np.savez_compressed(folder / "packed.npz", x=generator.normal(size=(300, 7)), y=np.arange(3))
    (folder / "broken.npy").write_bytes((folder / "array.npy").read_bytes()[:-8])
    return folder


def run_all(system: str, folder: Path) -> Ran:
    """Runs all commands in the folder as on `system`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.running.without", system],
        input="".join(f"{json.dumps(command.split())}\n" for command in COMMANDS).encode(),
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@slow
def test_every_command_writes_and_prints_the_same_on_every_system(inputs: Path, tmp_path: Path) -> None:
    printed, written = {}, {}
    for name in ("here", "windows", "macos"):
        shutil.copytree(inputs, tmp_path / name)
        printed[name] = run_all(name, tmp_path / name)
        written[name] = read_all(tmp_path / name)
    assert printed["windows"] == printed["macos"] == printed["here"]
    assert written["windows"] == written["macos"] == written["here"]
    codes = [line for line in printed["here"].err.splitlines() if line.startswith("exit code")]
    assert codes == ["exit code 0"] * (len(COMMANDS) - 2) + ["exit code 3"] * 2, printed["here"].err


def start_plain(*arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    """Starts zm as on a system that cannot fork a process to watch."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.running.without", "windows", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def write_half(process: subprocess.Popen[bytes]) -> None:
    """Writes more rows than a pipe can hold, so that zm must have begun to write its output."""
    assert process.stdin is not None
    process.stdin.write(b"n,name,v\n" + ROWS.encode() * 200)
    process.stdin.flush()


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the statistics of a table, and an output that exists already."""
    (tmp_path / "table.csv").write_text(f"n,name,v\n{ROWS}")
    assert run_zm("stats", "table.csv", "-o", "s.json", cwd=tmp_path).code == 0
    (tmp_path / "out.csv").write_text("old\n")
    return tmp_path


WRITE = ("center", "-", "--stats", "s.json", "-o", "out.csv", "--quiet")


@pytest.mark.parametrize(
    ("number", "words", "code"), [(signal.SIGINT, "interrupted", 130), (signal.SIGTERM, "terminated", 143)]
)
def test_an_interrupt_leaves_the_old_output_and_no_draft(
    number: signal.Signals, words: str, code: int, folder: Path
) -> None:
    before = names(folder)
    with start_plain(*WRITE, cwd=folder) as process:
        write_half(process)
        assert names(folder) - before == {".out.csv.zm-part"}
        process.send_signal(number)
        assert process.stderr is not None
        assert process.stderr.read().decode() == f"zm: {words}, nothing written\n"
        assert process.wait() == code
    assert names(folder) == before
    assert (folder / "out.csv").read_text() == "old\n"


def test_a_killed_run_leaves_the_old_output_and_a_draft_that_the_next_run_removes(folder: Path) -> None:
    before = names(folder)
    with start_plain(*WRITE, cwd=folder) as process:
        write_half(process)
        process.kill()
    assert names(folder) - before == {".out.csv.zm-part"}
    assert (folder / "out.csv").read_text() == "old\n"
    with start_plain(*WRITE, cwd=folder) as process:
        _, errors = process.communicate(b"n,name,v\n" + ROWS.encode())
        assert (process.returncode, errors) == (0, b"")
    assert names(folder) - before == {"out.csv.zm.json"}
    assert (folder / "out.csv").read_text().count("\n") == 3001


def test_an_interrupt_of_a_stream_says_no_more_than_it_knows(folder: Path) -> None:
    with start_plain("center", "-", "--stats", "s.json", "-o", "-", cwd=folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"n,name,v\n0,x0,0\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"n,name,v\n"
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == b"zm: interrupted\n"
        assert process.wait() == 130


@pytest.mark.parametrize("missing", [(), ("preadv",), ("preadv", "pread", "pwrite")])
def test_bytes_at_an_offset_are_read_and_written_without_the_calls_for_it(
    missing: Sequence[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in missing:
        monkeypatch.delattr(os, name)
    descriptor = os.open(tmp_path / "file", system.WRITE | os.O_CREAT)
    assert system.write_at(descriptor, memoryview(b"abcdef"), 2) == 6
    view = memoryview(bytearray(4))
    assert (system.read_at(descriptor, view, 3), bytes(view)) == (4, b"bcde")
    assert system.read_bytes_at(descriptor, 99, 6) == b"ef"
    assert system.read_at(descriptor, view, 8) == 0
    os.close(descriptor)
