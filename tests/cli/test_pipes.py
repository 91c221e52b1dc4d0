"""Tables through pipes: rows are written as they arrive, memory stays flat, and zm ends silently with its reader."""

from __future__ import annotations

import gzip
import json
import os
import random
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.memory import finish_measured, start_measured
from tests.shell import ZM, put_zm_on_path, run_zm, start_zm
from tests.systems import fcntl, needs_polling, slow, termios

SEEDS = [20261121, 20261122, 20261123]
pytestmark = needs_polling
PATIENCE = 60
"""Seconds after which a test fails; a test that passes does not wait for them."""


@pytest.fixture
def stats(tmp_path: Path) -> Path:
    """The statistics of a table with the columns x and y, of means 2 and 20."""
    (tmp_path / "train.csv").write_text("x,name,y\n1,a,10\n3,b,30\n")
    assert run_zm("stats", tmp_path / "train.csv", "-o", tmp_path / "s.json").code == 0
    return tmp_path / "s.json"


@contextmanager
def centering(stats: Path, *options: str, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """`zm center` from a pipe to a pipe, by these statistics."""
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0} | how
    process = start_zm("center", "-", "-o", "-", "--stats", stats, *options, **how)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def write(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    while data:
        data = data[os.write(process.stdin.fileno(), data) :]


def read(process: subprocess.Popen[bytes], size: int) -> bytes:
    """The next `size` bytes of the output, fewer at its end."""
    assert process.stdout is not None
    data = b""
    while len(data) < size:
        assert select.select([process.stdout], [], [], PATIENCE)[0], f"nothing follows {data!r}"
        part = os.read(process.stdout.fileno(), size - len(data))
        if not part:
            break
        data += part
    return data


def finish(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    """The exit code and standard error."""
    assert process.stderr is not None
    assert select.select([process.stderr], [], [], PATIENCE)[0], "does not end"
    err = process.stderr.read()
    return process.wait(timeout=PATIENCE), err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_rows_are_written_before_the_next_arrive(stats: Path, workers: str) -> None:
    with centering(stats, "--workers", workers) as process:
        write(process, b"x,name,y\n1,a,10\n")
        assert read(process, 22) == b"x,name,y\n-1.0,a,-10.0\n"
        for number in range(5):
            write(process, b"%d,b,20\n3,c" % number)
            assert read(process, len(f"{number - 2.0},b,0.0\n")) == b"%.1f,b,0.0\n" % (number - 2)
            write(process, b",30\n")
            assert read(process, len("1.0,c,10.0\n")) == b"1.0,c,10.0\n"
        write(process, b"2,d,20")
        assert process.stdin is not None
        process.stdin.close()
        assert read(process, 100) == b"0.0,d,0.0\n"
        assert finish(process)[0] == 0


@slow
@pytest.mark.parametrize("seed", [SEEDS[0], *(pytest.param(seed, marks=slow) for seed in SEEDS[1:])])
def test_a_pipe_cut_anywhere_gives_the_same_as_the_file(stats: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = ["é", '"two\r\nlines"', "日本", '"say ""no"""', "", '5" pipe', "a\r"]
    records = [
        f"{chance.gauss(0, 1)},{chance.choice(names)},{chance.choice(['', 'NA', '7', '1e300'])},#{number}#\r\n".encode()
        for number in range(300)
    ]
    header = b"x,name,y,mark\r\n"
    (tmp_path / "t.csv").write_bytes(header + b"".join(records))
    run_zm("center", tmp_path / "t.csv", "-o", tmp_path / "out.csv", "--stats", stats)
    expected, got = (tmp_path / "out.csv").read_bytes(), b""
    with centering(stats) as process:
        write(process, header)
        for number, record in enumerate(records):
            cuts = sorted(chance.choices(range(len(record)), k=chance.randrange(4)))
            for start, stop in zip([0, *cuts], [*cuts, len(record)], strict=True):
                write(process, record[start:stop])
            # Some rows must be written before more input is sent, others need not.
            if chance.random() < 0.1:
                got += read(process, expected.index(b"#%d#\r\n" % number) + len(b"#%d#\r\n" % number) - len(got))
        assert process.stdin is not None
        process.stdin.close()
        got += read(process, len(expected))
        assert finish(process)[0] == 0
    assert got == expected


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def peak_of_stream(stats: Path, megabytes: int) -> int:
    """The peak memory of zm, in kB, for a table of that size."""
    rows = b"".join(b"%.15f,text,%d\n" % (number / 7, number) for number in range(40_000))
    command = [*ZM, "center", "-", "-o", "-", "--stats", stats]
    process = start_measured(command, stdin=subprocess.PIPE, env=ENVIRONMENT)
    write(process, b"x,name,y\n")
    for _ in range(megabytes * 1_000_000 // len(rows)):
        write(process, rows)
    return finish_measured(process)


@slow
def test_a_longer_stream_takes_no_more_memory(stats: Path) -> None:
    room = 64 << 10
    assert peak_of_stream(stats, 260) <= peak_of_stream(stats, 120) + room


@pytest.mark.parametrize("workers", ["1", "2"])
def test_all_processes_end_silently_when_the_reader_leaves(stats: Path, workers: str) -> None:
    source, feeder = os.pipe()
    with centering(stats, "--workers", workers, stdin=source) as process:
        os.close(source)
        assert process.stdout is not None
        os.write(feeder, b"x,name,y\n1,a,10\n")
        assert read(process, 22) == b"x,name,y\n-1.0,a,-10.0\n"
        process.stdout.close()
        # No more rows are sent: zm must end because its reader has left.
        assert finish(process) == (0, b"")
        with pytest.raises(BrokenPipeError):
            os.write(feeder, b"2,b,20\n")
        os.close(feeder)


@slow
def test_an_endless_stream_ends_with_its_reader(stats: Path) -> None:
    with centering(stats) as process:

        def pour() -> None:
            write(process, b"x,name,y\n")
            with suppress(BrokenPipeError):
                while True:
                    write(process, b"1,a,10\n" * 1000)

        pouring = threading.Thread(target=pour)
        pouring.start()
        assert process.stdout is not None
        assert read(process, 22) == b"x,name,y\n-1.0,a,-10.0\n"
        process.stdout.close()
        assert finish(process) == (0, b"")
        pouring.join(PATIENCE)
        assert not pouring.is_alive()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_wrong_row_is_an_error_after_the_rows_before_it(stats: Path, workers: str) -> None:
    with centering(stats, "--workers", workers) as process:
        write(process, b"x,name,y\n1,a,10\n")
        assert read(process, 22) == b"x,name,y\n-1.0,a,-10.0\n"
        write(process, b"2,b\n")
        # The pipe stays open: zm must not wait for more rows.
        code, err = finish(process)
        assert (code, err.count(b"\n"), read(process, 100)) == (3, 1, b"")
        assert b"row 2: has 2 cells" in err


@pytest.mark.parametrize(
    ("number", "code", "words"), [(signal.SIGINT, 130, b"interrupted"), (signal.SIGTERM, 143, b"terminated")]
)
def test_an_interrupt_ends_zm_while_it_waits_for_rows(
    stats: Path, number: signal.Signals, code: int, words: bytes
) -> None:
    with centering(stats) as process:
        write(process, b"x,name,y\n1,a,10\n")
        assert read(process, 22) == b"x,name,y\n-1.0,a,-10.0\n"
        process.send_signal(number)
        assert finish(process) == (code, b"zm: %s\n" % words)


def test_warnings_are_printed_on_standard_error_after_the_rows(stats: Path) -> None:
    rows = "".join(f"{1000 + number % 3},a,20\n" for number in range(200))
    ran = run_zm("standardize", "-", "-o", "-", "--stats", stats, stdin=f"x,name,y\n{rows}".encode())
    assert ran.code == 0
    assert "zm: warning: " in ran.err
    assert "'x'" in ran.err
    assert len(ran.out.splitlines()) == 201


def test_a_non_blocking_pipe_is_read(stats: Path) -> None:
    source, feeder = os.pipe()
    fcntl.fcntl(source, fcntl.F_SETFL, os.O_NONBLOCK)
    with centering(stats, stdin=source) as process:
        for row, written in ((b"x,name,y\n1,a,10\n", b"x,name,y\n-1.0,a,-10.0\n"), (b"3,b,30\n", b"1.0,b,10.0\n")):
            os.write(feeder, row)
            assert read(process, len(written)) == written
        os.close(feeder)
        assert finish(process)[0] == 0
    os.close(source)


@pytest.mark.parametrize("arguments", [("center", "-"), ("stats", "-", "--json"), ("stats", "@-", "--json")])
def test_all_of_a_non_blocking_pipe_is_read(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n3\n")
    parts = (b"t.c", b"sv\n") if "@-" in arguments else (b"a\n1\n", b"3\n")
    source, feeder = os.pipe()
    fcntl.fcntl(source, fcntl.F_SETFL, os.O_NONBLOCK)
    with start_zm(*arguments, stdin=source, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        for part in parts:
            os.write(feeder, part)
            # Waits until it was read, so that zm finds the pipe empty before the next part.
            while fcntl.ioctl(source, termios.FIONREAD, bytes(4)) != bytes(4):
                assert process.poll() is None
        os.close(feeder)
        out, err = process.communicate(timeout=60)
    os.close(source)
    assert (process.returncode, err) == (0, b"")
    assert out == b"a\n-1.0\n1.0\n" if arguments[0] == "center" else json.loads(out)["samples"] == 2


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_compressed_rows_are_written_as_they_arrive(stats: Path, pack: Callable[[bytes], bytes]) -> None:
    source, feeder = os.pipe()
    with centering(stats, stdin=source) as process:
        os.close(source)
        for row, written in ((b"x,name,y\n1,a,10\n", b"x,name,y\n-1.0,a,-10.0\n"), (b"3,b,30\n", b"1.0,b,10.0\n")):
            os.write(feeder, pack(row))
            assert read(process, len(written)) == written
        os.close(feeder)
        assert finish(process)[0] == 0


@slow
@pytest.mark.parametrize("command", ["zm stats t.csv", "zm stats t.csv --json", "zm center t.csv", "zm --version"])
def test_data_that_cannot_be_read_are_an_error(tmp_path: Path, command: str) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n3\n")
    env = put_zm_on_path(tmp_path)
    for closed in (">&-", "> /dev/full"):
        line = ["sh", "-c", f"{command} {closed}"]
        done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, check=False)
        assert (done.returncode, done.stderr.count(b"\n")) == (3, 1), done.stderr
        assert b"standard output" in done.stderr
    quiet = ["sh", "-c", "zm center t.csv -o out.csv >&-"]
    assert subprocess.run(quiet, cwd=tmp_path, env=env, check=False).returncode == 0


@slow
def test_data_from_a_pipe_are_read_as_a_table(tmp_path: Path) -> None:
    text = b"a\n1\n3\n"
    (tmp_path / "t.csv").write_bytes(text)
    env = put_zm_on_path(tmp_path)
    for command in ("zm stats - --json < t.csv", "zm stats /dev/stdin --json < t.csv", "cat t.csv | zm stats - --json",
                    "zm stats <(cat t.csv) --json"):  # fmt: skip
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert (document["mean"], document["sources"][0]["bytes"]) == ([2], len(text))
    ran = run_zm("stats", "-", "--kind", "hdf5", stdin=text)
    assert (ran.code, ran.err) == (
        2,
        "zm: error: standard input: only csv is read from a pipe; save it to a file first\n",
    )
    ran = run_zm("center", "-", "--stats", "-", stdin=text)
    assert (ran.code, "used twice" in ran.err) == (2, True)


def test_a_stats_file_in_a_pipe_is_not_taken_for_data(stats: Path) -> None:
    for command in ("inspect", "stats"):
        ran = run_zm(command, "-", stdin=stats.read_bytes())
        assert (ran.code, ran.out) == (3, "")
        hint = "save it to a file: zm inspect shows it, and --stats applies it"
        assert ran.err == f"zm: error: standard input: is a stats file, not data; {hint}\n"
