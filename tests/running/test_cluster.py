"""Connections to Dask clusters: addresses, the checks before the work, and the errors if it cannot be done."""

from __future__ import annotations

import json
import os
import pickle
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zm_cli
from tests.running.clusters import ROOT, start_cluster
from tests.systems import needs_locks
from zm_cli.errors import DataError, UsageError
from zm_cli.running.cluster import address as addresses
from zm_cli.running.cluster import child, children, connection, scratch, start
from zm_cli.running.cluster.address import find_scheduler, parse_address
from zm_cli.running.cluster.connection import Cluster, connect
from zm_cli.running.cluster.paths import MAX_CHECKED, find_unseen
from zm_cli.running.cluster.remote import by_value, find_versions, run_item
from zm_cli.running.cluster.stream_pipe import StreamPipe
from zm_cli.running.executors.dask import Dask
from zm_cli.running.plan import Plan
from zm_cli.running.serving import unpickle_message

PYTHON = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the wait for a scheduler file at once."""
    monkeypatch.setattr(addresses, "GRACE", 0.0)


def refuse_to_start(*_: Any, **__: Any) -> None:
    """Fails as `Popen` does without enough memory."""
    raise OSError(12, "Cannot allocate memory")


def double(number: int) -> int:
    return 2 * number


def test_an_address_is_a_url_or_a_host_and_port(tmp_path: Path) -> None:
    assert find_scheduler("tls://host:1") == "tls://host:1"
    assert find_scheduler("host:8786") == find_scheduler("tcp://host:8786") == "tcp://host:8786"


def test_a_scheduler_file_says_the_address(tmp_path: Path) -> None:
    (tmp_path / "scheduler.json").write_text(json.dumps({"address": "tcp://10.0.0.1:8786", "workers": {}}))
    assert find_scheduler(str(tmp_path / "scheduler.json")) == "tcp://10.0.0.1:8786"


@pytest.mark.usefixtures("no_patience")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"address": 3}', "\ud800"])
def test_a_file_that_does_not_say_it_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_text(text, errors="surrogatepass")
    with pytest.raises(UsageError, match=r"--dask .*file\.json: is not a scheduler file; a scheduler file is what"):
        find_scheduler(str(tmp_path / "file.json"))


@pytest.mark.usefixtures("no_patience")
def test_a_file_that_never_appears_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such scheduler file"):
        find_scheduler(str(tmp_path / "none.json"), 0)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        find_scheduler(str(tmp_path))


def test_an_empty_address_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--dask: is empty; give tcp://HOST:8786, a scheduler file, or local"):
        parse_address(" ")


@pytest.mark.parametrize("text", ["local", "LOCAL", " Local "])
def test_the_word_local_may_be_in_any_case(text: str) -> None:
    assert parse_address(text) == "local"


@pytest.mark.parametrize("host", ["localhost", "10.0.0.1"])
def test_a_host_without_a_port_is_a_usage_error(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=f"--dask {host}: has no port; give {host}:8786"):
        parse_address(host)
    # A file of that name is a scheduler file.
    monkeypatch.chdir(tmp_path)
    (tmp_path / host).touch()
    assert parse_address(host) == host


@pytest.mark.usefixtures("no_patience")
def test_what_may_be_a_host_is_told_apart_from_a_file() -> None:
    with pytest.raises(UsageError, match=r"--dask node17: there is no such scheduler file; .* port: node17:8786"):
        find_scheduler("node17", 0)
    with pytest.raises(UsageError, match=r"clustr\.json: there is no such scheduler file; a scheduler file is what"):
        find_scheduler("clustr.json", 0)


def test_a_message_says_that_a_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "WAITING_SECONDS", 0.0)
    path, told = tmp_path / "scheduler.json", list[str]()

    def tell(sentence: str) -> None:
        told.append(sentence)
        path.write_text(json.dumps({"address": "tcp://10.0.0.1:8786"}))

    assert find_scheduler(str(path), tell=tell) == "tcp://10.0.0.1:8786"
    assert told == [f"waiting for the scheduler file {path}"]


def test_tls_without_certificates_says_where_dask_looks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match="needs certificates for tls; name them in Dask's configuration"):
        start.make_client("tls://127.0.0.1:1", "tls://127.0.0.1:1")


@needs_locks
def test_folders_of_killed_processes_are_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "zm-dask-stale" / "inside").mkdir(parents=True)
    (tmp_path / "zm-dask-file").touch()
    (tmp_path / "zm-dask-link").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").mkdir()
    one = scratch.ScratchFolder()
    two = scratch.ScratchFolder()
    assert {*os.listdir(tmp_path)} - {"zm-dask-file"} == {
        "precious",
        "zm-dask-link",
        os.path.basename(one.path),
        os.path.basename(two.path),
    }
    one.remove()
    two.remove()
    assert {*os.listdir(tmp_path)} - {"zm-dask-file"} == {"precious", "zm-dask-link"}


def test_a_number_of_workers_is_only_for_a_cluster_that_is_started() -> None:
    assert Plan(3, cluster="local").workers == 3
    with pytest.raises(UsageError, match="--workers: cannot be combined with the address of a cluster"):
        Plan(3, cluster="tcp://host:8786")


def test_memory_is_not_for_a_cluster() -> None:
    with pytest.raises(UsageError, match="--memory: cannot be combined with --dask; leave it out; a smaller --workers"):
        Plan(memory=1 << 30, cluster="local")
    with pytest.raises(UsageError, match="leave it out; fewer threads for each Dask worker need less"):
        Plan(memory=1 << 30, cluster="tcp://host:8786")


def test_without_dask_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"--dask: needs dask and distributed; pip install 'zm-cli\[dask\]'"):
        connect("tcp://127.0.0.1:1")


CONNECTING = """
import sys
from zm_cli.errors import UsageError
from zm_cli.running.cluster import connection, start

start.CONNECT_SECONDS, start.GRACE_SECONDS = 0.5, 0.0
for address in sys.argv[1:]:
    try:
        connection.connect(address)
    except UsageError as error:
        print(error, flush=True)
"""
"""A program that tries to connect to addresses, in a process of its own: Dask leaves threads behind when it fails."""


def test_without_a_scheduler_at_the_address_it_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        urls = ["tcp://127.0.0.1:1", "strange://127.0.0.1:1", f"tcp://127.0.0.1:{silent.getsockname()[1]}"]
        command = [sys.executable, "-c", CONNECTING, *urls]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline().decode() for _ in urls]
            process.kill()
    for url, line in zip(urls, lines, strict=True):
        assert line.startswith(f"--dask {url}: no Dask scheduler answers (")
        assert "is its address right? --dask takes tcp://HOST:8786, a scheduler file, or local" in line


def test_a_cluster_without_workers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WORKER_SECONDS", 0.1)
    monkeypatch.setattr(connection, "WAITING_SECONDS", 0.0)
    told: list[str] = []
    with (
        start_cluster(n_workers=0, processes=False) as running,
        pytest.raises(DataError, match=f"--dask {running.address}: the Dask cluster has had no workers for 0 s"),
    ):
        connect(running.address, tell=told.append)
    assert told == [f"waiting for workers of the Dask cluster at {running.address}"]


def test_workers_with_another_version_of_zm_are_an_error(tmp_path: Path) -> None:
    (folder := tmp_path / "zm_cli-9.9.dist-info").mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: zm-cli\nVersion: 9.9\n")
    (tmp_path / "zm_cli").mkdir()
    (tmp_path / "zm_cli" / "__init__.py").write_text('__version__ = "9.9"\n')
    with (
        start_cluster(tmp_path, n_workers=1, processes=False) as running,
        pytest.raises(UsageError, match=rf"worker tcp://.* has zm 9\.9, here it is {zm_cli.__version__}; install"),
    ):
        connect(running.address)


class ClientOf:
    """Stands for a client of a cluster with one worker; calls functions here, after `before`."""

    status = "running"

    def __init__(self, before: Callable[[], object] = lambda: None, threads: int = 1) -> None:
        self._before = before
        self.threads = threads

    def run(self, function: Callable[..., Any], *arguments: Any, on_error: str) -> dict[str, Any]:
        self._before()
        return {"tcp://worker:1": function(*arguments)}

    def nthreads(self) -> dict[str, int]:
        self._before()
        return {"tcp://worker:1": self.threads} if self.threads else {}


@pytest.mark.parametrize(
    ("version", "python", "words"),
    [
        (None, PYTHON, "zm is not installed for worker tcp://worker:1; pip install 'zm-cli"),
        ("0.0.1", PYTHON, r"worker tcp://worker:1 has zm 0\.0\.1, here it is"),
        (zm_cli.__version__, "3.9", r"worker tcp://worker:1 has Python 3\.9, here it is"),
    ],
)
def test_a_worker_that_cannot_work_for_this_zm_is_an_error(
    version: str | None, python: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = ClientOf()
    Cluster("a:1", client).check_versions()
    monkeypatch.setattr(client, "run", lambda *_, **__: {"tcp://worker:1": (version, python)})
    with pytest.raises(UsageError, match=words):
        Cluster("a:1", client).check_versions()


def test_a_worker_tells_the_version_of_the_zm_that_it_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_value(find_versions)() == (zm_cli.__version__, PYTHON)
    # Not that of the installed package, which may be another one.
    monkeypatch.setattr(zm_cli, "__version__", "7.7")
    assert by_value(find_versions)() == ("7.7", PYTHON)
    monkeypatch.setitem(sys.modules, "zm_cli", None)
    assert by_value(find_versions)() == (None, PYTHON)


def close_stream() -> None:
    """Fails as a call of Dask fails when the scheduler ends."""
    raise OSError("in <TCP (closed) ConnectionPool.broadcast>: Stream is closed")


@pytest.mark.parametrize(
    "ask", [Cluster.check_versions, Cluster.count_threads, lambda cluster: cluster.check_paths([os.getcwd()])]
)
def test_a_scheduler_that_ends_during_the_first_checks_is_an_error_in_words(ask: Callable[[Cluster], object]) -> None:
    with pytest.raises(DataError, match=r"--dask a:1: the Dask scheduler went away; .* --checkpoint FILE"):
        ask(Cluster("a:1", ClientOf(before=close_stream)))


def test_a_message_says_once_that_the_workers_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(connection, "WAITING_SECONDS", 0.0)
    told: list[str] = []
    cluster = Cluster("a:1", client := ClientOf(), tell=told.append)
    assert (cluster.count_threads(), told) == (1, [])
    for threads in (0, 0, 2, 0):
        client.threads = threads
        cluster.count_threads()
    assert told == ["waiting for workers of the Dask cluster at a:1"] * 2


def test_a_worker_that_joins_later_says_that_it_lacks_zm(monkeypatch: pytest.MonkeyPatch) -> None:
    function = by_value(run_item)
    host = socket.gethostname()
    assert function("0.0.1", b"", "/", b"", b"", None) == (host, zm_cli.__version__)
    monkeypatch.setitem(sys.modules, "zm_cli", None)
    assert function(zm_cli.__version__, b"", "/", b"", b"", None) == (host, None)


def test_such_a_worker_is_an_error_of_the_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    with start_cluster(n_workers=1, processes=False) as running:
        cluster = connect(running.address)
        theirs = zm_cli.__version__
        monkeypatch.setattr(zm_cli, "__version__", "8.8")
        with pytest.raises(UsageError, match=rf"has zm {theirs}, here it is 8\.8; install the same version there"):
            list(Dask(cluster).map(double, [1], 1, 1))
        cluster.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "train" / "cat").mkdir(parents=True)
    (tmp_path / "train" / "cat" / "a.png").write_bytes(b"12345")
    (tmp_path / "a.csv").write_bytes(b"x\n1\n")
    return tmp_path


def test_paths_that_all_workers_see_are_fine(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    Cluster("a:1", ClientOf()).check_paths(["train", "a.csv", "-", "not-there.csv"])
    assert find_unseen({str(files / "a.csv"): 4, str(files / "train"): None}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda files: (files / "a.csv").unlink(), r"a\.csv: worker tcp://worker:1 does not see it \(No such file"),
        (lambda files: (files / "a.csv").write_bytes(b"x\n"), "sees 2 bytes there, not 4; all workers need the same"),
        (lambda files: (files / "train").rename(files / "gone"), "train: worker tcp://worker:1 does not see it"),
        (lambda files: (files / "train" / "cat" / "a.png").write_bytes(b""), r"a\.png: worker .* sees 0 bytes"),
        (
            lambda files: ((files / "a.csv").unlink(), (files / "a.csv").mkdir()),
            r"a\.csv: worker tcp://worker:1 sees something else there",
        ),
    ],
)
def test_a_worker_that_does_not_see_a_path_is_an_error(
    files: Path, change: Callable[[Path], object], words: str
) -> None:
    cluster = Cluster("a:1", ClientOf(before=lambda: change(files)))
    with pytest.raises(UsageError, match=words):
        cluster.check_paths([str(files / "train"), str(files / "a.csv")])


def test_a_worker_that_joins_later_checks_the_paths_before_its_first_item(files: Path) -> None:
    sizes = Cluster("a:1", ClientOf()).check_paths([str(files / "a.csv")])
    (files / "a.csv").unlink()
    answer = children.work(pickle.dumps((files.name, sizes)), "/", b"", b"", None)
    good, error = unpickle_message(answer)
    assert not good
    assert isinstance(error, UsageError)
    assert str(error).startswith(f"{files / 'a.csv'}: worker {socket.gethostname()} does not see it (No such file")


def test_a_worker_checks_the_paths_once_for_each_map(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[object] = []

    def check(sizes: object) -> list[tuple[str, str]]:
        checked.append(sizes)
        return []

    monkeypatch.setattr(children, "find_unseen", check)
    monkeypatch.setattr(subprocess, "Popen", refuse_to_start)
    for name in ("one", "one", "two"):
        children.work(pickle.dumps((str(files / name), {})), "/", b"", b"", None)
    assert len(checked) == 2


def test_of_very_many_paths_some_are_asked_for(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.csv" for number in range(MAX_CHECKED * 2)]
    for path in paths:
        path.touch()
    Cluster("a:1", ClientOf(before=paths[1].unlink)).check_paths(map(str, paths))
    with pytest.raises(UsageError, match=r"0\.csv"):
        Cluster("a:1", ClientOf(before=paths[0].unlink)).check_paths(map(str, paths))


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_a_stream_pipe_carries_messages_of_any_size(tmp_path: Path, size: int) -> None:
    with (tmp_path / "stream").open("w+b", buffering=0) as file:
        pipe = StreamPipe(file, file)
        pipe.send_bytes(bytes(size))
        pipe.send_bytes(b"next")
        file.seek(0)
        assert [pipe.recv_bytes(), pipe.recv_bytes()] == [bytes(size), b"next"]
        with pytest.raises(EOFError):
            pipe.recv_bytes()


def test_a_stream_that_breaks_off_in_a_message_has_ended(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w+b", buffering=0) as file:
        StreamPipe(file, file).send_bytes(b"message")
        file.truncate(12)
        file.seek(0)
        with pytest.raises(EOFError):
            StreamPipe(file, file).recv_bytes()


@pytest.mark.skipif(not hasattr(select, "poll"), reason="needs a system where pipes can be waited for")
def test_a_child_without_work_forgets_its_task(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    with open(read_end, "rb", 0) as reading, open(write_end, "wb", 0) as writing:
        forgotten: list[int] = []

        def forget() -> None:
            forgotten.append(1)
            StreamPipe(reading, writing).send_bytes(b"late")

        pipe = child.PipeOfWorker(reading, writing, forget)
        pipe.send_bytes(b"first")
        assert (bytes(pipe.recv_bytes()), forgotten) == (b"first", [])
        monkeypatch.setattr(child, "IDLE_SECONDS", 0.0)
        assert (bytes(pipe.recv_bytes()), forgotten) == (b"late", [1])


def test_a_child_that_cannot_be_started_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", refuse_to_start)
    answer = children.work(pickle.dumps(("map", {})), "/", b"", b"", "data/x.h5")
    good, error = unpickle_message(answer)
    assert not good
    assert str(error).startswith("data/x.h5: a process to work on it cannot be started: Cannot allocate memory")
