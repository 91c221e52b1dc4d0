"""The cores and the memory that control groups allow, read from file trees like those of systems and containers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zm_cli.running import plan
from zm_cli.running import resource_limits as limits
from zm_cli.running.plan import DEFAULT_MEMORY, MEMORY_PER_WORKER, SMALLEST_MEMORY, Plan
from zm_cli.running.resource_limits import count_cores, find_memory_limit
from zm_cli.running.workload import Workload

V2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


def lay_out(root: Path, files: dict[str, str]) -> str:
    """Writes files by their paths below `root`, and returns `root` as a path."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return str(root)


def lay_out_v2(root: Path, path: str, files: dict[str, str]) -> str:
    """Writes the tree of a process whose group of version 2 is at `path`; `files` are those below the mount."""
    system = {"proc/self/cgroup": f"0::{path}", "proc/self/mountinfo": V2}
    return lay_out(root, system | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})


def test_a_container_of_version_2_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    root = lay_out_v2(tmp_path, "/", {"cpu.max": "200000 100000", "memory.max": "268435456"})
    assert (count_cores(root), find_memory_limit(root)) == (2, 256 * MEGABYTE)


def test_the_strictest_of_a_group_and_those_above_it_holds(tmp_path: Path) -> None:
    files = {
        "a.slice/cpu.max": "300000 100000",
        "a.slice/memory.max": "1000000000",
        "a.slice/b.service/cpu.max": "max 100000",
        "a.slice/b.service/memory.max": "500000000",
        "other/cpu.max": "100000 100000",
        "other/memory.max": "1000",
    }
    root = lay_out_v2(tmp_path, "/a.slice/b.service", files)
    assert (count_cores(root), find_memory_limit(root)) == (3, 500_000_000)


@pytest.mark.parametrize(
    ("limit", "cores"), [("50000 100000", 1), ("250000 100000", 3), ("1", 8), ("6400000 100000", 8), ("max 100000", 8)]
)
def test_parts_of_cores_are_rounded_up_and_the_affinity_is_not_exceeded(tmp_path: Path, limit: str, cores: int) -> None:
    assert count_cores(lay_out_v2(tmp_path, "/", {"cpu.max": limit})) == cores


@pytest.mark.parametrize("text", ["", "max", "-1", "0", "0 0", "many", "1e9", "²", "9" * 400, "100000 0", "\x00\udcff"])
def test_contents_that_cannot_be_understood_are_no_limit(tmp_path: Path, text: str) -> None:
    root = lay_out_v2(tmp_path, "/a", {})
    for name in ("cpu.max", "memory.max"):
        (tmp_path / "sys/fs/cgroup/a").mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys/fs/cgroup/a" / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert (count_cores(root), find_memory_limit(root)) == (8, None)


@pytest.mark.parametrize("path", ["/missing/group", "/../../..", "no colons", ""])
def test_groups_that_are_not_there_are_no_limit(tmp_path: Path, path: str) -> None:
    root = lay_out_v2(tmp_path / "root", path, {})
    lay_out(tmp_path, {"cpu.max": "100000 100000", "memory.max": "1000"})
    assert (count_cores(root), find_memory_limit(root)) == (8, None)


def test_systems_without_control_groups_have_no_limit(tmp_path: Path) -> None:
    assert (count_cores(str(tmp_path)), find_memory_limit(str(tmp_path))) == (8, None)


@pytest.mark.parametrize("shown", ["/", "/docker/abc"])
def test_version_1_has_a_tree_for_each_controller(tmp_path: Path, shown: str) -> None:
    mounts = (
        f"30 25 0:26 {shown} /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct",
        f"31 25 0:27 {shown} /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory",
        "32 25 0:28 / /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids",
        "33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
        "an odd line",
    )
    # Either all groups are mounted, or that of the container alone.
    group = "docker/abc/" if shown == "/" else ""
    files = {
        "proc/self/mountinfo": "\n".join(mounts),
        "proc/self/cgroup": "3:cpu,cpuacct:/docker/abc\n2:memory:/docker/abc\n1:pids:/docker/abc\n0::/",
        f"sys/fs/cgroup/cpu,cpuacct/{group}cpu.cfs_quota_us": "150000",
        f"sys/fs/cgroup/cpu,cpuacct/{group}cpu.cfs_period_us": "100000",
        f"sys/fs/cgroup/memory/{group}memory.limit_in_bytes": "300000000",
        "sys/fs/cgroup/unified/memory.max": "max",
    }
    root = lay_out(tmp_path, files)
    assert (count_cores(root), find_memory_limit(root)) == (2, 300_000_000)


def test_no_quota_is_no_limit_in_version_1(tmp_path: Path) -> None:
    files = {
        "proc/self/mountinfo": "30 25 0:26 / /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu",
        "proc/self/cgroup": "3:cpu:/",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
    }
    assert count_cores(lay_out(tmp_path, files)) == 8


def test_a_group_outside_of_what_is_mounted_is_that_of_the_mount(tmp_path: Path) -> None:
    files = {
        "proc/self/mountinfo": V2.replace(" / /sys", " /kubepods/pod1 /sys"),
        "proc/self/cgroup": "0::/../elsewhere",
        "sys/fs/cgroup/memory.max": "268435456",
    }
    assert find_memory_limit(lay_out(tmp_path, files)) == 256 * MEGABYTE


def test_a_mount_with_a_space_in_its_path_is_found(tmp_path: Path) -> None:
    files = {
        "proc/self/mountinfo": V2.replace("/sys/fs/cgroup", "/my\\040groups"),
        "proc/self/cgroup": "0::/",
        "my groups/memory.max": "268435456",
    }
    assert find_memory_limit(lay_out(tmp_path, files)) == 256 * MEGABYTE


@pytest.mark.parametrize(
    ("limit", "used"),
    [
        (None, DEFAULT_MEMORY),
        (10 * DEFAULT_MEMORY, DEFAULT_MEMORY),
        (DEFAULT_MEMORY, DEFAULT_MEMORY // 2),
        (1000, SMALLEST_MEMORY),
    ],
)
def test_the_default_of_memory_is_at_most_half_of_the_limit(
    limit: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "find_memory_limit", lambda: limit)
    # With blocks of a 32nd of it, the memory decides how many workers there are.
    assert Plan(workers=1).divide(Workload(used))[0] == 1
    assert Plan(workers=64, memory=used).divide(Workload(used // 32))[0] == 32
    assert Plan(workers=2).divide(Workload(used // 2)) == (2, 2)
    assert Plan(workers=2).divide(Workload(used // 2 + 1))[0] == 1


def test_workers_and_memory_that_were_asked_for_are_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "find_memory_limit", lambda: 64 * MEGABYTE)
    monkeypatch.setattr(plan, "count_cores", lambda: 2)
    assert Plan().worker_count() == 2
    assert Plan(workers=16, memory=16 * MEMORY_PER_WORKER).divide(Workload(MEMORY_PER_WORKER))[0] == 16


def test_the_limits_of_this_system_are_sound() -> None:
    assert 1 <= count_cores() <= 8
    assert (limits.find_memory_limit() or 1) > 0
