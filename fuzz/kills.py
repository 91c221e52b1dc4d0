"""Ends zm by signals at random moments: the output must be the old or the new one, and nothing else may be left."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import polars as pl
from PIL import Image

ZM = (sys.executable, "-m", "zm_cli")
WORKERS = (1, 2, 1, 8)
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SAID = {
    number: tuple(f"zm: {word}{outputs}\n" for outputs in ("", ", nothing written", ", not everything was written"))
    for number, word in ((signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupted"))
}
"""What zm may say of the signal that ended it."""
PATIENCE = 30.0
"""Seconds after which no process of a killed run may be left."""


def write_table(folder: Path) -> Path:
    """Writes a table of 30,000 rows; returns its path."""
    numbers = np.random.default_rng(1).normal(5, 3, (30_000, 8))
    path = folder / "table.csv"
    pl.DataFrame(numbers).write_csv(path)
    return path


def write_array(folder: Path) -> Path:
    """Writes an HDF5 file of 24 MB; returns its path."""
    path = folder / "array.h5"
    with h5py.File(path, "w") as file:
        values = np.random.default_rng(2).integers(0, 256, (8_000, 32, 32, 3), np.uint8)
        file.create_dataset("images", data=values, chunks=(64, 32, 32, 3))
    return path


def write_pictures(folder: Path) -> Path:
    """Writes a folder of 600 small pictures in two classes; returns its path."""
    pictures = folder / "pictures"
    generator = np.random.default_rng(3)
    for index in range(600):
        picture = pictures / f"class{index % 2}" / f"{index:04}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (32, 32, 3), np.uint8)).save(picture)
    return pictures


@dataclass(frozen=True)
class Work:
    """One kind of work: `write` makes the input, `output` is the name of the output."""

    write: Callable[[Path], Path]
    output: str
    options: tuple[str, ...] = ()


WORKS = {
    "csv": Work(write_table, "out.csv"),
    "hdf5": Work(write_array, "out.h5"),
    "images to hdf5": Work(write_pictures, "out.h5"),
    "images to a tree": Work(write_pictures, "out", ("--format", "npy")),
}


@dataclass
class Tally:
    """The number of runs that ended before their signal, or after it with the old or the new output;
    and the defects."""

    counts: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)


def kill_at_random(name: str, moments: int, seed: int, scratch: Path) -> Tally:
    """Runs zm `moments` times, with one or more workers in turn, and ends each run at a random moment."""
    work, tally, generator = WORKS[name], Tally(), np.random.default_rng(seed)
    source = work.write(scratch)
    old, new, current = scratch / "old", scratch / "new", scratch / "current"
    output = current / work.output
    commands = {
        where: [*ZM, operation, str(source), "-q", "-o", str(where / work.output), *work.options]
        for where, operation in ((old, "center"), (new, "standardize"), (current, "standardize"))
    }
    for where in (old, new):
        where.mkdir()
        began = time.monotonic()
        subprocess.run(commands[where], check=True)
        seconds = time.monotonic() - began
    wholes = {"old": digest(old / work.output), "new": digest(new / work.output)}
    for moment in range(moments):
        shutil.rmtree(current, ignore_errors=True)
        shutil.copytree(old, current)
        number = SIGNALS[moment % len(SIGNALS)]
        process = subprocess.Popen(
            [*commands[current], "-j", str(WORKERS[moment % len(WORKERS)])],
            start_new_session=True,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        wait_for_begin(process)
        try:
            process.wait(generator.uniform(0, 1.1 * seconds))
        except subprocess.TimeoutExpired:
            # The signal is sent to one process, or to the whole group, as a terminal does.
            (os.killpg if moment % 4 == 3 and number != signal.SIGKILL else os.kill)(process.pid, number)
        _, errors = process.communicate()
        case = f"{name}, moment {moment} of seed {seed}, {number.name}: "
        wrong = find_wrong(process.pid, process.returncode, number, errors, output, wholes)
        found = digest(output)
        tally.counts["ended before" if not process.returncode else "new" if found == wholes["new"] else "old"] += 1
        if wrong is None and number == signal.SIGKILL:
            wrong = find_left_by_next(commands[current], output, wholes["new"])
        if wrong:
            tally.defects.append(case + wrong)
    return tally


def find_wrong(
    session: int, code: int, number: signal.Signals, errors: bytes, output: Path, wholes: dict[str, str]
) -> str | None:
    """Returns what is wrong after a run that a signal ended, or that ended before it; None for nothing.

    `wholes` are the digests of the `old` and the `new` output.
    """
    if code not in (0, -number if number == signal.SIGKILL else 128 + number):
        return f"exit code {code}"
    said = errors.decode(errors="replace")
    if said not in (SAID[number] if code == 128 + number else ("",)):
        return f"it says {said!r}"
    if orphans := wait_for_end(session):
        return f"processes are left: {orphans}"
    found = digest(output)
    if found not in wholes.values():
        return "the output is neither the old one nor the new one"
    if "nothing written" in said and found != wholes["old"]:
        return f"it says {said!r}, but the output is the new one"
    stats = Path(f"{output}.stats.json")
    if json.loads(stats.read_text())["format"] != "zm-stats":
        return "the stats file is damaged"
    if number != signal.SIGKILL and (left := parts_in(output.parent)):
        return f"left behind: {left}"
    return None


def find_left_by_next(command: list[str], output: Path, whole: str) -> str | None:
    """Returns what is wrong after the next run to the output of a killed run; None for nothing."""
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode or digest(output) != whole:
        return f"the next run ends with {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
    left = parts_in(output.parent)
    return f"left behind by the next run: {left}" if left else None


def parts_in(folder: Path) -> list[str]:
    """Returns the names of temporary files and folders of zm."""
    return sorted(entry.name for entry in folder.iterdir() if entry.name.startswith("."))


def digest(path: Path) -> str:
    """Returns a hash of a file, or of the names and contents of all files of a folder."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    whole = hashlib.sha256()
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        whole.update(str(file.relative_to(path)).encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()


def wait_for_begin(process: subprocess.Popen[bytes]) -> None:
    """Returns when zm has started its worker process: before that, Python itself handles signals."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and not children.read_text():
        pass


def wait_for_end(session: int) -> list[int]:
    """Returns the processes of a session that are left after PATIENCE seconds: killed workers take a moment to end."""
    until = time.monotonic() + PATIENCE
    while (alive := list_session(session)) and time.monotonic() < until:
        pass
    return alive


def list_session(session: int) -> list[int]:
    """Returns the living processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, _, _, owner = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:4]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(owner) == session and state not in "ZX":
                found.append(int(entry.name))
    return found


def main() -> int:
    """Returns the exit code: 0 if there are no defects."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.kills", description=__doc__)
    parser.add_argument("--moments", type=int, default=200, help="for each kind of output")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    defects = 0
    for name in WORKS:
        with tempfile.TemporaryDirectory(prefix="zm-kills-") as scratch:
            tally = kill_at_random(name, args.moments, args.seed, Path(scratch))
        defects += len(tally.defects)
        listed = ", ".join(f"{count} {what}" for what, count in sorted(tally.counts.items()))
        print(
            f"{name}: {args.moments} moments, seed {args.seed}: {listed}; {len(tally.defects)} defects",
            flush=True,
        )
        for defect in tally.defects:
            print(f"  {defect}")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
