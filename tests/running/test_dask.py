"""The Dask executor on a real cluster: deaths of workers, children and the scheduler, and what is left of a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.running.clusters import ROOT, RunningCluster, start_cluster
from tests.running.tasks import PATIENCE, square
from tests.shell import HANDLE_INTERRUPTS, start_zm
from tests.systems import needs_fork, slow
from zm_cli.errors import DataError
from zm_cli.running import guard, time_limit
from zm_cli.running.cluster.connection import Cluster, connect
from zm_cli.running.executors.dask import LARGE_TASK, Dask
from zm_cli.running.plan import BATCHES_TOGETHER, Plan
from zm_cli.running.workload import Workload

pytestmark = needs_fork
WINDOW = 100


@pytest.fixture(scope="module")
def running() -> Iterator[RunningCluster]:
    with start_cluster(scheduler_kwargs={"allowed_failures": 2}) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(running: RunningCluster) -> Iterator[Cluster]:
    connected = connect(running.address)
    yield connected
    connected.close()


@pytest.fixture
def executor(cluster: Cluster) -> Dask:
    return Dask(cluster)


def where(number: int) -> tuple[int, int]:
    """The ids of the child process and of its worker."""
    return os.getpid(), os.getppid()


@dataclass(frozen=True)
class Deadly:
    """Kills the worker, or its child, that does the item `deadly`: the first so many times, which `marks` keep."""

    marks: Path
    deadly: int
    times: int = 1000
    whole: bool = True
    number: int = signal.SIGKILL

    def __call__(self, item: int) -> int:
        if item == self.deadly and len(os.listdir(self.marks)) < self.times:
            (self.marks / f"{os.getpid()}-of-{os.getppid()}").touch()
            os.kill(os.getppid() if self.whole else os.getpid(), self.number)
            signal.pause()
        return item

    def name_input(self, item: int) -> str:
        return f"input{item}.h5"


def exit_at_once(number: int) -> int:
    os._exit(1)


def read_without_end(path: str) -> None:
    time_limit.SECONDS = 0.01
    with time_limit.limited(path):
        while True:
            pass


def is_watched(number: int) -> bool:
    return guard.is_watched()


def print_much(number: int) -> int:
    print("printed by a library" * 1000, flush=True)
    return number


def test_the_work_is_done_in_a_child_process_of_each_worker_that_stays(executor: Dask) -> None:
    pids = set(executor.map(where, range(30), 2, WINDOW))
    assert len(pids) == len({worker for _, worker in pids}) == 2
    assert set(executor.map(where, range(30), 2, WINDOW)) == pids
    for child, worker in pids:
        assert psutil.Process(child).cmdline()[-2:] == ["zm_cli.running.cluster.child", f"--of-dask-worker={worker}"]


def test_what_a_task_prints_is_not_taken_for_an_answer(executor: Dask) -> None:
    assert list(executor.map(print_much, range(3), 2, WINDOW)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGSEGV, r"input5\.h5: cannot be read: the library crashed \(SIGSEGV\)"),
        (
            signal.SIGKILL,
            r"input5\.h5: the process that read it was killed \(SIGKILL\); .* fewer threads for each Dask worker",
        ),
    ],
)
def test_a_library_that_crashes_ends_the_child_alone(executor: Dask, tmp_path: Path, number: int, words: str) -> None:
    workers = {worker for _, worker in executor.map(where, range(30), 2, WINDOW)}
    with pytest.raises(DataError, match=words):
        list(executor.map(Deadly(tmp_path, 5, whole=False, number=number), range(9), 2, WINDOW))
    assert {worker for _, worker in executor.map(where, range(30), 2, WINDOW)} == workers


def test_a_child_that_ends_by_itself_is_an_error(executor: Dask) -> None:
    guard.note_input("noted.csv")
    with pytest.raises(DataError, match=r"noted\.csv: a worker process ended before its work was done; .* --dask"):
        list(executor.map(exit_at_once, range(2), 2, WINDOW))


def test_a_child_that_was_killed_between_two_items_is_replaced(executor: Dask) -> None:
    for child, _ in set(executor.map(where, range(30), 2, WINDOW)):
        process = psutil.Process(child)
        process.kill()
        # Its worker takes no notice of that before the next item.
        wait_until(partial(is_over, process))
    assert list(executor.map(square, range(4), 2, WINDOW)) == [0, 1, 4, 9]


def test_a_library_that_never_returns_is_ended_by_the_limit_of_time(executor: Dask, tmp_path: Path) -> None:
    assert list(executor.map(is_watched, range(2), 2, WINDOW)) == [True, True]
    guard.note_input("endless.h5")
    with pytest.raises(DataError, match=r"endless\.h5: cannot be read: the library took too long"):
        list(executor.map(read_without_end, [str(tmp_path)], 2, WINDOW))


def test_a_worker_that_dies_is_survived(executor: Dask, tmp_path: Path) -> None:
    assert list(executor.map(Deadly(tmp_path, 3, times=1), range(20), 2, WINDOW)) == list(range(20))
    assert len(os.listdir(tmp_path)) == 1


def test_an_item_whose_child_is_killed_is_done_by_another_worker(
    cluster: Cluster, executor: Dask, tmp_path: Path
) -> None:
    # A worker that an earlier test has killed may still be missing.
    wait_until(lambda: cluster.count_threads() == len(cluster.client.nthreads().keys() & set(cluster.workers)) == 2)
    assert list(executor.map(Deadly(tmp_path, 3, times=2, whole=False), range(20), 2, WINDOW)) == list(range(20))
    assert len({mark.partition("-of-")[2] for mark in os.listdir(tmp_path)}) == 2


@slow
def test_an_item_that_kills_three_workers_is_an_error_that_names_its_input(executor: Dask, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"input0\.h5: 3 workers died while processing it"):
        list(executor.map(Deadly(tmp_path, 0), range(1), 2, WINDOW))
    assert len(os.listdir(tmp_path)) == 3


def test_a_scheduler_that_goes_away_is_an_error() -> None:
    with start_cluster(n_workers=1, processes=False) as running:
        cluster = connect(running.address)
        results = Dask(cluster).map(square, range(1000), 1, WINDOW)
        assert next(results) == 0
        running.kill_scheduler()
        with pytest.raises(DataError, match=f"--dask {running.address}: the Dask scheduler went away"):
            list(results)
        cluster.close()


@dataclass
class Narrowed:
    """A task that needs one of many things for an item; `seen` is how many it has."""

    things: dict[int, str]
    listed: list[int] = field(default_factory=list)

    def __call__(self, item: int) -> tuple[int, str]:
        return len(self.things), self.things[item][:3]

    def narrow(self, item: int) -> Narrowed:
        return Narrowed({item: self.things[item]})


def test_only_what_an_item_needs_is_sent_with_it(executor: Dask) -> None:
    things = {number: f"{number:03}" for number in range(50)}
    assert list(executor.map(Narrowed(things), range(50), 2, WINDOW)) == [(1, f"{number:03}") for number in range(50)]


def test_large_tasks_are_sent_too(executor: Dask) -> None:
    things = {number: f"{number:03}" + "x" * LARGE_TASK for number in range(4)}
    assert list(executor.map(Narrowed(things), range(4), 2, WINDOW)) == [(1, f"{number:03}") for number in range(4)]


def test_relative_paths_are_those_of_the_command(
    executor: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert set(executor.map(find_folder, range(4), 2, WINDOW)) == {os.path.realpath(tmp_path)}


def find_folder(number: int) -> str:
    return os.getcwd()


def test_a_plan_with_a_cluster_uses_it_even_for_one_item(cluster: Cluster) -> None:
    plan = Plan(cluster=cluster.address)
    assert plan.connect() == f"working on the Dask cluster at {cluster.address}: 2 workers, 2 threads"
    assert plan.together == BATCHES_TOGETHER
    for workload in (Workload(1), Workload(1, forkable=True)):
        assert os.getpid() not in {child for child, _ in plan.map(where, [1], workload)}
    assert list(plan.map(square, [], Workload(1))) == []


def test_what_arrives_through_a_pipe_is_worked_on_here(cluster: Cluster) -> None:
    plan = Plan(1, cluster="local")
    assert [child for child, _ in plan.map(where, [1], Workload(1, arriving=True))] == [os.getpid()]


def count_tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


def is_over(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_ZOMBIE)


def wait_until(holds: Callable[[], bool]) -> None:
    """Asks again and again, at most for as long as PATIENCE."""
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until


WAITING = """
import sys
from tests.running.test_dask import open_gate
from zm_cli.running.guard import stand_by
from zm_cli.running.plan import Plan
from zm_cli.running.workload import Workload

plan = Plan(cluster=sys.argv[1])
stand_by(lambda: len(list(plan.map(open_gate, [sys.argv[2]] * 4, Workload(1)))), print)
"""
"""A program that sends four items to a cluster, which wait until somebody opens a pipe."""


def open_gate(path: str) -> int:
    with open(path, "rb"):
        return 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_stays_submitted_after_the_end(cluster: Cluster, tmp_path: Path, number: int) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = [sys.executable, "-c", WAITING, cluster.address, str(gate)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, **HANDLE_INTERRUPTS)
    wait_until(lambda: cluster.client.run_on_scheduler(count_tasks) == 4)
    process.send_signal(number)
    process.wait(PATIENCE)
    wait_until(lambda: cluster.client.run_on_scheduler(count_tasks) == 0)
    with gate.open("r+b", buffering=0):
        # The children go on when the items that they have begun are done.
        assert list(Dask(cluster).map(square, range(4), 2, WINDOW)) == [0, 1, 4, 9]


@slow
@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGKILL, -signal.SIGKILL, "")]
)
def test_a_local_cluster_leaves_no_process_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int, said: str
) -> None:
    (folder := tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    os.mkfifo(tmp_path / "endless.csv")
    arguments = ("stats", tmp_path / "endless.csv", "--dask", "local", "-j", "1", "-v")
    with (tmp_path / "endless.csv").open("r+b", buffering=0), start_zm(*arguments) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"zm: working on a Dask cluster on this machine: 1 worker, 1 thread\n"
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 2
        process.send_signal(number)
        assert process.wait(PATIENCE) == code
        assert said in process.stderr.read().decode()
    _, alive = psutil.wait_procs(started, PATIENCE)
    assert not alive
    if number != signal.SIGKILL:
        assert not os.listdir(folder)


@slow
def test_a_local_cluster_that_is_closed_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cluster = connect("local", 1)
    assert connect("local", 1) is cluster
    assert len(os.listdir(tmp_path)) == 1
    cluster.close()
    assert not os.listdir(tmp_path)
