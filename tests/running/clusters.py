"""A real Dask cluster in processes of its own, on loopback, for tests.

As a program, it starts the cluster that the JSON in its argument describes, prints the address of the scheduler, and
ends with its standard input. So nothing of it is left when the tests are over, however they end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class RunningCluster:
    """A running cluster: the address of its scheduler, and a way to kill it."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self.process = process
        self.address = address

    def kill_scheduler(self) -> None:
        """Kills the scheduler, and its workers with it."""
        self.process.kill()
        self.process.wait()


@contextmanager
def start_cluster(path: Path | None = None, **options: Any) -> Iterator[RunningCluster]:
    """Yields a cluster; `path` comes first where its processes look for modules, `options` are those of LocalCluster.

    By default it has two workers of one thread, which are started anew when they die.
    """
    paths = [path, ROOT, os.environ.get("PYTHONPATH")]
    found = os.pathsep.join(str(each) for each in paths if each)
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, json.dumps({"n_workers": 2, **options})],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": found},
        # The program looks for modules in its working folder first.
        cwd=path or ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        yield RunningCluster(process, process.stdout.readline().decode().strip())
        process.kill()
    process.wait()


def main() -> None:
    """Runs the cluster."""
    start: Any = import_module("distributed").LocalCluster
    options: dict[str, Any] = {
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
        "memory_limit": 0,
        "host": "127.0.0.1",
        "protocol": "tcp",
        **json.loads(sys.argv[1]),
    }
    cluster = start(**options)
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
