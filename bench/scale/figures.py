"""Measures the figures that the forecast needs, each in a process of its own, in seconds of processor time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.scale.work import Figures

PHOTOGRAPHS, DECODED = "jpegs", {"bytes.h5": 40_000 * 64 * 64 * 3, "gzip.h5": 80_000 * 64 * 64 * 3}
NAMES, MERGED, SPANS = 200_000, 2_000, 1_000_000
MAX_RUNS = 3


def measure_figures(data: Path, scratch: Path, spans: int = SPANS) -> Figures:
    """Returns the figures of this machine; `data` holds the inputs of `make bench`, `scratch` is for outputs."""
    start = _time_zm("stats", str(_write_handful(scratch)), "-j", "1", "-qo", str(scratch / "one.json"))
    folder = data / PHOTOGRAPHS
    files = [path for path in folder.rglob("*") if path.is_file()]
    photographs = _time_zm("stats", str(folder), "-j", "1", "-qo", str(scratch / "photographs.json")) - start
    arrays = {
        name: (_time_zm("stats", str(data / name), "-j", "1", "-qo", str(scratch / "array.json")) - start)
        / (nbytes / 1e9)
        for name, nbytes in DECODED.items()
    }
    listing = _run_json("bench.scale.listing", str(scratch / "names"), str(NAMES))
    simulation = _run_json("bench.scale.scheduler", str(spans))
    return Figures(
        start_seconds=start,
        jpeg_seconds=photographs / len(files),
        jpeg_bytes=sum(path.stat().st_size for path in files) / len(files),
        hdf5_seconds=arrays["bytes.h5"],
        gzip_seconds=arrays["gzip.h5"],
        names_seconds=listing["names_seconds"] / listing["names"],
        header_seconds=listing["headers_seconds"] / listing["names"],
        listed_bytes=listing["bytes_per_file"],
        task_seconds=simulation["seconds_of_scheduler_and_client"] / simulation["tasks"],
        merge_seconds=(_time_merge(scratch) - start) / MERGED,
    )


def _write_handful(scratch: Path) -> Path:
    path = scratch / "handful.csv"
    path.write_text("a,b\n" + "".join(f"{number},{number * number}\n" for number in range(10)))
    return path


def _time_merge(scratch: Path) -> float:
    """Returns the seconds for merging stats files of three channels, which differ in their digests."""
    text = (scratch / "photographs.json").read_text()
    digest = json.loads(text)["sources"][0]["digest"].rpartition(":")[2]
    names = scratch / "names.txt"
    folder = scratch / "merged"
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.json" for number in range(MERGED)]
    for number, path in enumerate(paths):
        path.write_text(text.replace(digest, f"{number:032x}"))
    names.write_text("".join(f"{path}\n" for path in paths))
    return _time_zm("merge", "--files-from", str(names), "-qo", str(scratch / "all.json"))


def _time_zm(*arguments: str) -> float:
    """Returns the least processor time of some runs of zm; SystemExit if one fails."""
    command = [sys.executable, "-m", "zm_cli", *arguments]
    return min(_time_process(command) for _ in range(MAX_RUNS))


def _time_process(command: Sequence[str]) -> float:
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def _run_json(module: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", module, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    document: dict[str, float] = json.loads(done.stdout)
    return document
