"""Drafts: outputs appear complete or not at all; drafts of killed runs are removed, those of running ones are not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems import needs_fifo, needs_locks
from zm_cli.errors import DataError, UsageError
from zm_cli.outputs.draft import Draft
from zm_cli.system import lock_file

HOLD = """
import sys
from pathlib import Path
from zm_cli.outputs.draft import Draft
draft = Draft(Path(sys.argv[1]), folder=sys.argv[2] == "folder")
path = draft.path / "half" if sys.argv[2] == "folder" else draft.path
path.write_text("half done")
print("holding", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["file", "folder"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def start_holder(target: Path, kind: str) -> subprocess.Popen[bytes]:
    """Another process that holds a draft of `target` until it is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, target, kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"holding\n"
    return holder


def kill(holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.communicate(timeout=60)


def fill(draft: Draft, kind: str, text: str) -> None:
    (draft.path / "inside" if kind == "folder" else draft.path).write_text(text)


def read(target: Path, kind: str) -> str:
    return (target / "inside" if kind == "folder" else target).read_text()


def test_nothing_is_at_the_name_before_the_commit(tmp_path: Path, kind: str) -> None:
    draft = Draft(tmp_path / "out", folder=kind == "folder")
    fill(draft, kind, "new")
    assert not (tmp_path / "out").exists()
    draft.commit()
    assert read(tmp_path / "out", kind) == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_the_old_output_stays_until_the_commit_replaces_it(tmp_path: Path, kind: str) -> None:
    for text in ("old", "new"):
        draft = Draft(tmp_path / "out", folder=kind == "folder")
        fill(draft, kind, text)
        assert text == "old" or read(tmp_path / "out", kind) == "old"
        draft.commit()
    assert read(tmp_path / "out", kind) == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_a_discarded_draft_leaves_the_old_output(tmp_path: Path, kind: str) -> None:
    first, target = Draft(tmp_path / "out", folder=kind == "folder"), tmp_path / "out"
    fill(first, kind, "old")
    first.commit()
    draft = Draft(target, folder=kind == "folder")
    fill(draft, kind, "new")
    draft.discard()
    draft.discard()
    assert read(target, kind) == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_the_draft_of_a_killed_run_is_removed_by_the_next(tmp_path: Path, kind: str) -> None:
    kill(start_holder(tmp_path / "out", kind))
    assert len(os.listdir(tmp_path)) == 1
    draft = Draft(tmp_path / "out", folder=kind == "folder")
    assert not list(draft.path.iterdir()) if kind == "folder" else not draft.path.read_bytes()
    fill(draft, kind, "new")
    draft.commit()
    assert os.listdir(tmp_path) == ["out"]


def test_the_draft_of_a_killed_run_may_be_of_another_type(tmp_path: Path, kind: str) -> None:
    other = "file" if kind == "folder" else "folder"
    kill(start_holder(tmp_path / "out", other))
    draft = Draft(tmp_path / "out", folder=kind == "folder")
    fill(draft, kind, "new")
    draft.commit()
    assert read(tmp_path / "out", kind) == "new"


@needs_locks
def test_a_target_that_another_run_writes_is_refused(tmp_path: Path, kind: str) -> None:
    holder = start_holder(tmp_path / "out", kind)
    try:
        with pytest.raises(DataError, match="another run of zm is writing it"):
            Draft(tmp_path / "out", folder=kind == "folder")
        [part] = tmp_path.iterdir()
        assert (part / "half" if kind == "folder" else part).read_text() == "half done"
    finally:
        kill(holder)


def test_a_folder_put_aside_by_a_killed_run_is_restored(tmp_path: Path) -> None:
    # If two names cannot be swapped at once, the old folder is renamed first.
    (tmp_path / ".out.zm-old").mkdir()
    (tmp_path / ".out.zm-old" / "inside").write_text("old")
    Draft(tmp_path / "out", folder=True).discard()
    assert read(tmp_path / "out", "folder") == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_folders_are_replaced_even_if_names_cannot_be_swapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.outputs.draft.find_c_function", lambda name: None)
    for text in ("old", "new"):
        draft = Draft(tmp_path / "out", folder=True)
        fill(draft, "folder", text)
        draft.commit()
    assert read(tmp_path / "out", "folder") == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_a_link_at_the_name_of_the_draft_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep")
    (tmp_path / ".out.zm-part").symlink_to(tmp_path / "precious")
    draft = Draft(tmp_path / "out")
    draft.path.write_text("new")
    draft.commit()
    assert (tmp_path / "precious").read_text() == "keep"
    assert not (tmp_path / "out").is_symlink()


def test_the_target_of_a_link_is_replaced_and_not_the_link(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "data" / "real")
    draft = Draft(tmp_path / "out")
    draft.path.write_text("new")
    draft.commit()
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "data" / "real").read_text() == "new"


def test_a_target_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="not a regular file"):
        Draft(tmp_path / "out")
    with pytest.raises(UsageError, match="does not exist"):
        Draft(tmp_path / "none" / "out")


def test_a_draft_that_cannot_be_removed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".out.zm-part").mkdir()

    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(DataError, match="cannot be written: Operation not permitted"):
        Draft(tmp_path / "out", folder=True)


@needs_fifo
def test_a_draft_does_not_wait_for_a_pipe_of_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".out.zm-part")
    Draft(tmp_path / "out").commit()
    assert os.listdir(tmp_path) == ["out"]


@needs_locks
def test_a_run_that_was_slow_to_lock_its_draft_makes_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = [True]

    def lock_late(descriptor: int) -> None:
        if slow.pop() if slow else False:
            # Another run removes it as the draft of a killed run.
            (tmp_path / ".out.zm-part").unlink()
        lock_file(descriptor)

    monkeypatch.setattr("zm_cli.outputs.draft.lock_file", lock_late)
    draft = Draft(tmp_path / "out")
    draft.path.write_text("whole")
    draft.commit()
    assert (tmp_path / "out").read_text() == "whole"


def test_a_folder_put_aside_is_removed_if_the_new_one_exists(tmp_path: Path) -> None:
    for name, text in ((".out.zm-old", "old"), ("out", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "inside").write_text(text)
    Draft(tmp_path / "out", folder=True).discard()
    assert read(tmp_path / "out", "folder") == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_a_folder_is_out_of_the_way_of_others_that_write_to_it_before_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Draft(tmp_path / "out", folder=True)
    (draft.path / "a.npy").touch()
    seen: list[list[str]] = []
    monkeypatch.setattr("shutil.rmtree", lambda path, **_: seen.append(os.listdir(tmp_path)))
    draft.discard()
    assert seen == [[".out.zm-gone"]]
    monkeypatch.undo()
    # The next run removes what a run that was killed meanwhile left behind.
    Draft(tmp_path / "out", folder=True).commit()
    assert os.listdir(tmp_path) == ["out"]
