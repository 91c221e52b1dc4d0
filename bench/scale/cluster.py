"""Times statistics of photographs with `-j 1`, `-j 2`, and one and two Dask workers: `python -m bench.scale.cluster`.

It takes the folder of photographs and one for outputs, and prints one JSON object, in seconds by the clock. The
clusters run before the clock starts: connecting to them counts, starting them does not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.scale.work import Comparison

ROUNDS, COPIES = 3, 4
"""How often each way is timed, and how often each photograph is in the folder that is measured."""


def compare(folder: Path, scratch: Path) -> Comparison:
    """Returns the least seconds of several rounds of each way to measure COPIES of the photographs in a folder."""
    output, several = str(scratch / "compared.json"), scratch / "several"
    several.mkdir()
    paths = [path for path in folder.rglob("*") if path.is_file()]
    for number, path in enumerate(COPIES * paths):
        os.link(path, several / f"{number}{path.suffix}")
    with start_cluster(scratch / "one.json", 1) as one, start_cluster(scratch / "two.json", 2) as two:
        ways = (("-j", "1"), ("-j", "2"), ("--dask", one), ("--dask", two))
        rounds = [[_time_zm(str(several), "-qo", output, *way) for way in ways] for _ in range(ROUNDS)]
    return Comparison(len(paths) * COPIES, *(min(seconds) for seconds in zip(*rounds, strict=True)))


@contextmanager
def start_cluster(scheduler_file: Path, workers: int) -> Iterator[str]:
    """Yields the scheduler file of a cluster on this machine whose workers have one thread each."""
    common = ["--scheduler-file", str(scheduler_file), "--no-dashboard"]
    commands = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0", *common],
        ["worker", "--nthreads", "1", "--nworkers", str(workers), *common],
    ]
    started = [
        subprocess.Popen([sys.executable, "-m", "dask", *command], stderr=subprocess.DEVNULL) for command in commands
    ]
    try:
        _await_workers(scheduler_file, workers)
        yield str(scheduler_file)
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def _await_workers(scheduler_file: Path, workers: int) -> None:
    make_client: Any = import_module("distributed").Client
    while not scheduler_file.exists():
        time.sleep(0.1)
    with make_client(scheduler_file=str(scheduler_file)) as client:
        client.wait_for_workers(workers, timeout=60)


def _time_zm(*arguments: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-m", "zm_cli", "stats", *arguments], check=True)
    return time.perf_counter() - begin


def main(folder: str, scratch: str) -> None:
    """Prints the comparison."""
    Path(scratch).mkdir(parents=True, exist_ok=True)
    print(json.dumps(asdict(compare(Path(folder), Path(scratch)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
