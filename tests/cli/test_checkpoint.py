"""`zm stats --checkpoint`: a run that is killed goes on where it was, and leaves nothing but its result."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.shell import Ran, run_zm
from tests.systems import needs_fork, slow
from zm_cli.cli.measuring import check_checkpoint
from zm_cli.cli.messages import Messages
from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats import open_source

KILLED = """
import os, signal, sys
from zm_cli.data import block
from zm_cli.formats.images import source
from zm_cli.pipeline.measuring import checkpoint
from zm_cli.running.plan import Plan

stop, moment, together = int(sys.argv.pop(1)), sys.argv.pop(1), int(sys.argv.pop(1))
block.BLOCK_BYTES = source.BLOCK_BYTES = 3000
checkpoint.INTERVAL = 0.0
if together > 1:
    Plan.together = together
written = 0


def die_at(reached, at):
    global written
    written += at == "before"
    if reached and moment == at:
        os.kill(os.getpid(), signal.SIGKILL)


def write_and_die(path, run, done):
    die_at(written + 1 == stop, "before")
    write(path, run, done)
    if moment == "half" and written == stop:
        os.truncate(path, os.path.getsize(path) // 2)
    die_at(written == stop, "half")


def save_and_die(self, reductions):
    save(self, reductions)
    die_at(written == stop, "after")


write, save = checkpoint.write_checkpoint, checkpoint.Checkpoint.save
checkpoint.write_checkpoint, checkpoint.Checkpoint.save = write_and_die, save_and_die
from zm_cli.__main__ import run
run()
"""
"""Runs zm with small blocks and a checkpoint after each part, and kills it at a moment of writing the one of a number:
before it, when half of it is written, or after it; 0: never."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of 40 pictures of two sizes: 20 results or more."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    pixels = np.random.default_rng(1).integers(0, 256, (40, 20, 20, 3), np.uint8)
    for index, picture in enumerate(pixels):
        Image.fromarray(picture[: 20 - index % 2]).save(folder / f"{index:02}.png")
    return folder


def run_killed(folder: Path, stop: int, moment: str, *arguments: str | Path, together: int = 1) -> Ran:
    """Runs the commands of zm in a folder until they are killed."""
    (folder / "killed.py").write_text(KILLED)
    done = subprocess.run(
        [sys.executable, folder / "killed.py", str(stop), moment, str(together), *map(str, arguments)],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def kill_and_go_on(folder: Path, pictures: Path, kills: Sequence[tuple[int, str, int]]) -> None:
    """Checks that a run that is killed so often ends with the bytes of one that is not killed."""
    command = ("stats", pictures, "--zeros", "-j", "2", "-v", "-o", folder / "s.json", "--checkpoint", folder / "c")
    begun = []
    for stop, moment, together in kills:
        ran = run_killed(folder, stop, moment, *command, together=together)
        assert (ran.code, (folder / "s.json").exists()) == (3, False), ran
        assert "SIGKILL" in ran.err
        begun.append(find_begin(ran))
    last = run_killed(folder, 0, "", *command)
    assert last.code == 0, last
    begun.append(find_begin(last))
    assert begun[0] == 0
    assert begun == sorted(begun)
    assert begun[-1] > 0
    whole = run_killed(folder, 0, "", "stats", pictures, "--zeros", "-o", folder / "w.json")
    assert whole.code == 0
    assert (folder / "s.json").read_bytes() == (folder / "w.json").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["killed.py", "pictures", "s.json", "w.json"]


def find_begin(ran: Ran) -> int:
    """After how many samples a run went on, as it says; 0 if it began anew."""
    found = re.search("zm: resumes after ([0-9,]+) samples? of an earlier run", ran.err)
    return int(found[1].replace(",", "")) if found else 0


@needs_fork
def test_a_killed_run_goes_on_with_the_same_bytes(tmp_path: Path, pictures: Path) -> None:
    kill_and_go_on(tmp_path, pictures, [(5, "after", 1)])


@slow
@needs_fork
def test_ten_kills_change_nothing(tmp_path: Path, pictures: Path) -> None:
    kills = [
        *((1, "after", 1), (1, "half", 1), (2, "before", 8), (1, "before", 1), (2, "half", 1)),
        *((3, "after", 1), (1, "after", 8), (4, "half", 1), (2, "after", 1), (1, "before", 8)),
    ]
    kill_and_go_on(tmp_path, pictures, kills)


def test_a_checkpoint_is_neither_input_nor_output(tmp_path: Path) -> None:
    table, result = tmp_path / "t.csv", tmp_path / "s.json"
    table.write_text("a,b\n1,2\n3,4\n")
    for checkpoint, said in (
        (table, "t.csv: is an input; name another output"),
        (result, "s.json: is an output already; name another output"),
        ("-", "--checkpoint: must be a file"),
    ):
        ran = run_zm("stats", table, "-o", result, "--checkpoint", checkpoint)
        assert (ran.code in (2, 3), said in ran.err) == (True, True), ran
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv"]
    assert table.read_text() == "a,b\n1,2\n3,4\n"


def test_a_checkpoint_is_not_in_the_folder_that_is_read(pictures: Path) -> None:
    before = sorted(path.name for path in pictures.iterdir())
    for checkpoint in (pictures / "run.checkpoint", pictures / ".." / pictures.name / "c"):
        ran = run_zm("stats", pictures, "--checkpoint", checkpoint)
        said = f"{checkpoint}: lies in the folder that is read ({pictures}); name an output outside that folder"
        assert (ran.code, said in ran.err) == (3, True), ran
    assert sorted(path.name for path in pictures.iterdir()) == before


def test_standard_input_has_no_checkpoint(tmp_path: Path) -> None:
    ran = run_zm("stats", "-", "--checkpoint", tmp_path / "c", stdin=b"a\n1\n")
    said = "zm: error: --checkpoint: cannot resume standard input: it can be read only once; save the data to a file"
    assert (ran.code, ran.err.startswith(said)) == (2, True), ran


def test_a_short_run_leaves_no_checkpoint_and_says_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1.5,2\n3,4\n")
    (tmp_path / "list.txt").write_text(f"{tmp_path / 't.csv'}\n")
    plain = run_zm("stats", tmp_path / "t.csv", "--json")
    listed = f"@{tmp_path / 'list.txt'}"
    assert run_zm("stats", listed, "--json", "--checkpoint", tmp_path / "c") == plain
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.txt", "t.csv"]


def test_the_progress_bar_begins_with_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", np.zeros((40, 3)))
    source = open_source(str(tmp_path / "a.npy"), ReadOptions())
    with Messages(progress=True).progress_bar([source], "measuring", (720, 30)) as tick:
        tick(240, 10)
    assert "30/40" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"), [("none/c", "none: the folder to write to does not"), (".", "not a regular")]
)
def test_a_checkpoint_is_a_file_in_a_folder(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        check_checkpoint(str(tmp_path / name))
