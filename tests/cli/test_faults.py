"""Killed runs, full disks, inputs that change: the earlier output stays, and one line says why."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from fuzz.kills import WORKS, kill_at_random
from tests.shell import ZM, Ran, run_zm
from tests.systems import needs_fifo, needs_groups, needs_limits, resource, slow
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, ZmError
from zm_cli.formats import open_source
from zm_cli.pipeline.applying.apply import apply
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.opening import open_to_apply
from zm_cli.pipeline.options import ApplyOptions, MeasureOptions
from zm_cli.running.plan import Plan

SEED = 20261121
DROP_CAPABILITY, OVERRIDE_PERMISSIONS = 24, 1
"""PR_CAPBSET_DROP of <sys/prctl.h> and CAP_DAC_OVERRIDE of <linux/capability.h>."""


def write_table(folder: Path) -> Path:
    path = folder / "table.csv"
    path.write_text("a,b\n" + "".join(f"{row},{row * row % 97}\n" for row in range(60_000)))
    return path


def write_array(folder: Path) -> Path:
    path = folder / "array.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.random.default_rng(SEED).integers(0, 256, (400, 16, 16, 3), np.uint8)
    return path


def write_pictures(folder: Path) -> Path:
    (folder / "pictures").mkdir()
    for index, pixels in enumerate(np.random.default_rng(SEED).integers(0, 256, (60, 16, 16), np.uint8)):
        Image.fromarray(pixels).save(folder / "pictures" / f"{index:03}.png")
    return folder / "pictures"


OUTPUTS: dict[str, tuple[Callable[[Path], Path], str, tuple[str, ...]]] = {
    "csv": (write_table, "out.csv", ()),
    "hdf5": (write_array, "out.h5", ()),
    "images to hdf5": (write_pictures, "out.h5", ()),
    "images to a tree": (write_pictures, "out", ("--format", "npy")),
}
every_output = pytest.mark.parametrize("name", OUTPUTS)


def run_limited(limit: Callable[[], None], *arguments: str | Path) -> Ran:
    """Runs zm in a process in which `limit` is called first."""
    done = subprocess.run(
        [*ZM, *map(str, arguments)],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=limit,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder, with the contents of files."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def assert_one_line(ran: Ran, *words: str, code: int = 3) -> None:
    assert ran.code == code, ran
    assert ran.err.count("\n") == 1, ran
    assert ran.err.startswith("zm: error: "), ran
    assert all(word in ran.err for word in words), ran


@slow
@needs_groups
@pytest.mark.parametrize("name", [name if name == "csv" else pytest.param(name, marks=slow) for name in WORKS])
def test_a_run_killed_at_any_moment_leaves_the_old_output_or_the_new(name: str, tmp_path: Path) -> None:
    tally = kill_at_random(name, 6, SEED, tmp_path)
    assert not tally.defects, (SEED, tally.defects)


@needs_limits
@every_output
def test_a_full_disk_leaves_the_earlier_output(name: str, tmp_path: Path) -> None:
    write, output, options = OUTPUTS[name]
    source = write(tmp_path)
    assert run_zm("center", source, "-o", tmp_path / output, *options).code == 0
    before = snapshot(tmp_path)

    def leave_no_space() -> None:
        # Python ignores the signal of this limit, so the write fails as on a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))

    ran = run_limited(leave_no_space, "standardize", source, "-o", tmp_path / output, *options)
    assert_one_line(ran, "cannot be written: File too large")
    assert snapshot(tmp_path) == before


@every_output
def test_a_folder_that_may_not_be_written_to_stays_as_it_is(name: str, tmp_path: Path) -> None:
    write, output, options = OUTPUTS[name]
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    source = write(tmp_path / "in")
    assert run_zm("center", source, "-o", tmp_path / "out" / output, *options).code == 0
    before = snapshot(tmp_path)
    (tmp_path / "out").chmod(0o555)

    def obey_permissions() -> None:
        # Without these capabilities, even the superuser may not write everywhere.
        ctypes.CDLL(None).prctl(DROP_CAPABILITY, OVERRIDE_PERMISSIONS, 0, 0, 0)

    ran = run_limited(obey_permissions, "standardize", source, "-o", tmp_path / "out" / output, *options)
    (tmp_path / "out").chmod(0o755)
    assert_one_line(ran, "cannot be written: Permission denied")
    assert snapshot(tmp_path) == before


def delete(source: Path) -> None:
    shutil.rmtree(source) if source.is_dir() else source.unlink()


def truncate(source: Path) -> None:
    path = sorted(source.iterdir())[7] if source.is_dir() else source
    os.truncate(path, path.stat().st_size // 2)


def grow(source: Path) -> None:
    if source.is_dir():
        Image.new("L", (16, 16)).save(source / "zzz.png")
    elif source.suffix == ".csv":
        with source.open("a") as file:
            file.write("1,2\n")
    else:
        with h5py.File(source, "a") as file:
            values = file["x"][()]
            del file["x"]
            file["x"] = np.concatenate([values, values[:1]])


def edit(source: Path) -> None:
    if source.is_dir():
        Image.new("L", (16, 16), 99).save(source / "007.png")
    elif source.suffix == ".csv":
        source.write_text(source.read_text().replace("\n5,", "\n6,", 1))
    else:
        with h5py.File(source, "a") as file:
            file["x"][5] = 0


@pytest.mark.parametrize("change", [delete, truncate, grow, edit])
@every_output
def test_data_that_change_between_the_two_passes_are_an_error(
    name: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    write, output, options = OUTPUTS[name]
    source = write(tmp_path)
    stats, _ = measure([open_source(str(source), ReadOptions())], MeasureOptions(), Plan(1))
    change(source)
    before = snapshot(tmp_path)
    how = ApplyOptions("center", format=options[1] if options else None)
    with pytest.raises(ZmError):
        apply(*open_to_apply(str(source), ReadOptions(), stats), str(tmp_path / output), how, Plan(2), own=True)
    assert snapshot(tmp_path) == before


def test_the_error_of_changed_data_names_them(tmp_path: Path) -> None:
    source = write_table(tmp_path)
    stats, _ = measure([open_source(str(source), ReadOptions())], MeasureOptions(), Plan(1))
    edit(source)
    opened, stats = open_to_apply(str(source), ReadOptions(), stats)
    with pytest.raises(DataError, match=r"table\.csv: changed while it was read"):
        apply(opened, stats, str(tmp_path / "out.csv"), ApplyOptions("center"), Plan(1), own=True)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_an_output_that_is_the_input_by_another_name_is_refused(
    link: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    source = write_array(tmp_path)
    link(source, tmp_path / "other.h5")
    before = snapshot(tmp_path)
    assert_one_line(run_zm("center", source, "-o", tmp_path / "other.h5"), "is an input")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("output", ["out.h5", "class/out.h5", "tree"])
def test_an_output_inside_the_folder_that_is_read_is_refused(output: str, tmp_path: Path) -> None:
    source = write_pictures(tmp_path)
    (source / "class").mkdir()
    before = snapshot(tmp_path)
    options = ("--format", "npy") if output == "tree" else ()
    assert_one_line(run_zm("center", source, "-o", source / output, *options), "lies in the folder that is read")
    assert_one_line(run_zm("center", f"{source}/", "-o", f"{source}/../pictures/{output}", *options), "lies in")
    assert snapshot(tmp_path) == before


def test_links_in_a_circle_are_not_followed_forever(tmp_path: Path) -> None:
    source = write_pictures(tmp_path)
    (source / "again").symlink_to(source)
    ran = run_zm("stats", source)
    assert (ran.code, "60" in ran.out) == (0, True)
    assert "back to where it began" in ran.err
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    assert_one_line(run_zm("stats", tmp_path / "ring"), "ring", code=2)


CRASH = """
import os, signal, sys
from pathlib import Path
from zm_cli.outputs.draft import Draft, remove_left_over
from zm_cli.running import guard
def work():
    guard.note_input("data/x.h5")
    Draft(Path(sys.argv[1]))
    os.kill(os.getpid(), int(sys.argv[2]))
    return 0
os._exit(guard.stand_by(work, lambda path: remove_left_over(Path(path))))
"""


@needs_limits
@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGSEGV, "data/x.h5: cannot be read: the library crashed (SIGSEGV)"),
        (signal.SIGABRT, "data/x.h5: cannot be read: the library crashed (SIGABRT)"),
        (signal.SIGPROF, "data/x.h5: cannot be read: the library took too long"),
        (signal.SIGKILL, "data/x.h5: the process that read it was killed (SIGKILL)"),
    ],
)
def test_a_crash_of_a_library_is_an_error_and_leaves_nothing(
    number: signal.Signals, words: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [ZM[0], "-c", CRASH, tmp_path / "out", str(int(number))],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        check=False,
    )
    assert_one_line(Ran(done.returncode, done.stdout.decode(), done.stderr.decode()), words)
    assert not list(tmp_path.iterdir())


@needs_fifo
def test_zm_does_not_wait_for_a_pipe_named_as_an_image(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    assert run_zm("center", tmp_path / "x.png", "-o", tmp_path / "out.npy").code == 3
    assert {path.name for path in tmp_path.iterdir()} == {"x.png"}


def test_names_from_a_file_do_not_control_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\x1b[31m,b\x07\n1,x\x1b[2J\n2,y\n")
    for command in ("stats", "inspect"):
        ran = run_zm(command, tmp_path / "t.csv")
        assert ran.code == 0
        assert r"a\x1b[31m" in ran.out
        assert not {"\x1b", "\x07"} & {*ran.out, *ran.err}


ENDLESS = Path(__file__).parents[1] / "data" / "hostile" / "endless.h5"
"""A file on which the HDF5 library loops forever while it reads the labels of the dimensions."""


@pytest.mark.parametrize("command", [("stats",), ("inspect",), ("center", "-o", "out.h5")])
def test_a_library_in_an_endless_loop_is_stopped(command: tuple[str, ...], tmp_path: Path) -> None:
    impatient = "import zm_cli.running.time_limit as t; t.SECONDS = 0.5; from zm_cli.__main__ import run; run()"
    done = subprocess.run(
        [ZM[0], "-c", impatient, *command[:1], ENDLESS, *command[1:]],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert_one_line(ran, "endless.h5: cannot be read: the library took too long")
    assert not list(tmp_path.iterdir())
