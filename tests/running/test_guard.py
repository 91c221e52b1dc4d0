"""The process that watches: it passes on the code of the work, removes unfinished outputs, says how the work ended."""

from __future__ import annotations

import json
import mmap
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.systems import needs_fork, resource
from zm_cli.running import guard
from zm_cli.running.shared_page import NOTE_BYTES, SharedPage, create_page_file
from zm_cli.running.signals import explain_signal

WORK = """
import os, signal, sys
from zm_cli.errors import print_errors_as_json
from zm_cli.running import guard
ended_by, refuse, outputs = int(sys.argv[1]), sys.argv[2] == "refuse", sys.argv[3]
if outputs == "json":
    print_errors_as_json()
def work():
    if outputs != "none":
        guard.promise_files()
    if outputs != "promised":
        guard.note_written()
    guard.note_input("data/x.h5")
    for name in ("one", "two", "three"):
        guard.note_unfinished(name)
    guard.forget_unfinished("two")
    guard.forget_unfinished("unknown")
    if ended_by:
        os.kill(os.getpid(), ended_by)
    return 5
def remove(path):
    print("removed", path, os.getpid() == parent, flush=True)
    if refuse:
        raise PermissionError(1, "Operation not permitted")
parent = os.getpid()
os._exit(guard.stand_by(work, remove))
"""


def stand_by(ended_by: int, answer: str = "remove", outputs: str = "none") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WORK, str(int(ended_by)), answer, outputs],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        check=False,
    )


@needs_fork
@pytest.mark.parametrize("answer", ["remove", "refuse"])
@pytest.mark.parametrize(
    ("ended_by", "code", "words"),
    [
        (0, 5, ""),
        (signal.SIGTERM, 128 + signal.SIGTERM, "zm: terminated\n"),
        (signal.SIGSEGV, 3, "zm: error: data/x.h5: cannot be read: the library crashed (SIGSEGV); is it damaged?\n"),
    ],
)
def test_what_is_unfinished_is_removed_by_the_process_on_guard(
    ended_by: int, code: int, words: str, answer: str
) -> None:
    done = stand_by(ended_by, answer)
    assert (done.returncode, done.stderr) == (code, words)
    assert done.stdout == "removed one True\nremoved three True\n"


@needs_fork
@pytest.mark.parametrize(
    ("ended_by", "outputs", "words"),
    [
        (signal.SIGINT, "none", "zm: interrupted\n"),
        (signal.SIGINT, "promised", "zm: interrupted, nothing written\n"),
        (signal.SIGINT, "some", "zm: interrupted, not everything was written\n"),
        (signal.SIGHUP, "promised", "zm: terminated, nothing written\n"),
        (signal.SIGKILL, "promised", "zm: error: data/x.h5: the process that read it was killed (SIGKILL); if there "
         "was too little memory, fewer --workers or a smaller --memory need less\n"),
    ],
)  # fmt: skip
def test_the_end_is_told_once_with_what_became_of_the_outputs(ended_by: int, outputs: str, words: str) -> None:
    assert stand_by(ended_by, outputs=outputs).stderr == words


@needs_fork
def test_the_end_is_told_as_json_where_errors_are() -> None:
    what = "interrupted, not everything was written"
    told = {"where": None, "what": what, "hint": None, "code": 130}
    assert json.loads(stand_by(signal.SIGINT, outputs="json").stderr) == told


@pytest.fixture
def page() -> Iterator[SharedPage]:
    """The page that a watching process would read."""
    page = SharedPage()
    guard.write_notes_to(page)
    yield page
    guard.write_notes_to(None)


def test_the_page_holds_the_input_and_what_is_unfinished(page: SharedPage) -> None:
    assert guard.is_watched()
    guard.note_unfinished("out")
    assert (page.read(), guard.get_noted_input()) == (["", "", "out"], None)
    guard.note_input("in")
    guard.note_unfinished("other")
    assert (page.read(), guard.get_noted_input()) == (["in", "", "out", "other"], "in")
    guard.forget_unfinished("out")
    guard.forget_unfinished("out")
    assert page.read() == ["in", "", "other"]
    guard.forget_unfinished("other")
    assert page.read() == ["in"]
    guard.note_written()
    assert page.read() == ["in"]
    guard.promise_files()
    assert page.read() == ["in", guard.NOTHING]
    guard.note_written()
    assert page.read() == ["in", guard.SOME]


def test_threads_may_note_at_once(page: SharedPage) -> None:
    def note(name: str) -> None:
        for number in range(300):
            guard.note_input(name)
            guard.note_unfinished(f"{name}{number}")
            guard.forget_unfinished(f"{name}{number}")
        guard.note_unfinished(name)

    threads = [threading.Thread(target=note, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    noted, _, *unfinished = page.read()
    assert noted == guard.get_noted_input()
    assert sorted(unfinished) == ["a", "b", "c", "d"]


def test_a_new_page_is_empty() -> None:
    assert SharedPage().read() == [""]


def test_names_that_are_not_text_come_back() -> None:
    page, names = SharedPage(), [os.fsdecode(b"\xff\xfe"), "ä", "a b\n"]
    page.write(names)
    assert page.read() == names


def test_a_note_without_room_leaves_the_one_before() -> None:
    page = SharedPage()
    page.write(["x" * NOTE_BYTES])
    page.write(["x" * (NOTE_BYTES + 1)])
    assert page.read() == ["x" * NOTE_BYTES]


def test_a_short_note_replaces_a_long_one() -> None:
    page = SharedPage()
    for texts in (["long" * 100], ["other"], ["short"], ["a", "", "b"]):
        page.write(texts)
        assert page.read() == texts


class DyingMemory(mmap.mmap):
    """Memory whose writer dies after its next write, if it is doomed."""

    doomed = False

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        if self.doomed:
            raise KeyboardInterrupt


def test_a_note_whose_writer_dies_before_the_end_leaves_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[DyingMemory] = []

    def make(descriptor: int, size: int) -> DyingMemory:
        made.append(DyingMemory(descriptor, size))
        return made[0]

    monkeypatch.setattr("zm_cli.running.shared_page.mmap.mmap", make)
    page = SharedPage()
    page.write(["before", "both"])
    made[0].doomed = True
    with pytest.raises(KeyboardInterrupt):
        page.write(["after"])
    assert b"after" in made[0][:]
    assert page.read() == ["before", "both"]


@needs_fork
def test_another_process_reads_what_a_copy_wrote() -> None:
    page = SharedPage()
    if not (copy := os.fork()):
        page.write(["in", "out"])
        os._exit(0)
    os.waitpid(copy, 0)
    assert page.read() == ["in", "out"]


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs a system with files in memory")
def test_a_page_in_a_file_is_shared_by_its_descriptor() -> None:
    descriptor = create_page_file()
    assert descriptor is not None
    writer, reader = SharedPage(descriptor), SharedPage(descriptor)
    os.close(descriptor)
    writer.write(["in", "out"])
    assert reader.read() == ["in", "out"]


def test_a_file_is_noted_only_while_one_thread_works(page: SharedPage) -> None:
    guard.get_file_note()("alone.jpg")
    other = threading.Thread(target=lambda: guard.get_file_note()("other.jpg"))
    other.start()
    other.join()
    assert page.read() == ["alone.jpg"]
    guard.get_file_note()("next.jpg")
    assert page.read() == ["next.jpg"]
    guard.note_input("")
    assert (page.read(), guard.get_noted_input()) == ([""], None)


def test_notes_on_a_new_page_begin_empty(page: SharedPage) -> None:
    guard.note_unfinished("out")
    guard.write_notes_to(new := SharedPage())
    guard.note_input("in")
    assert (page.read(), new.read()) == (["", "", "out"], ["in"])


@pytest.mark.skipif(not hasattr(signal, "SIGXCPU"), reason="needs a system with limits of CPU time")
def test_a_process_that_reached_its_cpu_time_limit_is_explained() -> None:
    words = "x.h5: the process that read it reached its CPU time limit; raise the limit (ulimit -t)"
    assert str(explain_signal(signal.SIGXCPU, "x.h5")) == words
