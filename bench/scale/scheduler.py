"""Sends a million spans without samples through the real scheduler: `python -m bench.scale.scheduler [SPANS]`.

What remains is the cost of a task itself: pickling, scheduling, starting and answering it. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

from bench.scale.empty_spans import MeasureNothing, list_runs
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload

SPANS = 1_000_000


def main(spans: int = SPANS) -> None:
    """Runs the simulation on a cluster on this machine and prints its figures."""
    plan = Plan(cluster="local", workers=len(os.sched_getaffinity(0)))
    workload = Workload(block_bytes=1)
    # The first map starts the cluster.
    for _ in plan.map(MeasureNothing(), list_runs(8 * plan.together, plan.together), workload):
        pass
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    tasks = sum(1 for _ in plan.map(MeasureNothing(), list_runs(spans, plan.together), workload))
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    # The scheduler runs in this process, too.
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    document = {
        "spans": spans,
        "tasks": tasks,
        "seconds": round(seconds, 1),
        "seconds_of_scheduler_and_client": round(own, 1),
        "peak_bytes": after.ru_maxrss << 10,
    }
    print(json.dumps(document))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
