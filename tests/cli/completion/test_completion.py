"""Completion: what zm suggests, and that bash, zsh and fish put it on the line correctly quoted."""

from __future__ import annotations

import gzip
import os
import re
import select
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import typer

from tests.shell import run_zm
from tests.systems import needs_fifo, pty, skip_without_terminal, slow
from zm_cli.cli.completion.complete import Answer, complete
from zm_cli.cli.completion.shells import REQUEST
from zm_cli.cli.main import app

HEADER = 'sepal length,sepal_width,"a,b",petal:x,it\'s,say "hi",$x'
NAMES = ("sepal length", "sepal_width", '"a,b"', "petal:x", "it's", 'say "hi"', "$x")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, plain and compressed, an HDF5 file, statistics, and a `zm` program for the PATH."""
    made = tmp_path_factory.mktemp("completion")
    (made / "t.csv").write_text(f"{HEADER}\n1,2,3,4,5,6,7\n3,4,5,6,7,8,9\n")
    (made / "t.csv.gz").write_bytes(gzip.compress((made / "t.csv").read_bytes()))
    (made / "u.tsv").write_text("sepal_width\tthird\n1\t2\n")
    (made / "with space.csv").write_text("only\n1\n")
    (made / "no.bin").write_bytes(bytes(range(256)))
    with h5py.File(made / "t.h5", "w") as file:
        file["images"] = np.zeros((2, 4, 4, 3))
        file["deep/c:d"] = np.zeros(3)
        file["names"] = ["text"]
    assert run_zm("stats", "t.csv", "-o", "s.json", cwd=made).code == 0
    (made / "bin").mkdir()
    (made / "bin/zm").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m zm_cli "$@"\n')
    (made / "bin/zm").chmod(0o755)
    return made


def suggest(line: str, after: str = "") -> Answer:
    """The suggestions for the last word of a line without quotes; `_` stands for an empty word."""
    *before, word = line.split(" ")
    group = typer.main.get_command(app)
    return complete(group, before, word, after.split())  # type: ignore[arg-type]


def values(line: str, after: str = "") -> list[str]:
    return [value for value, _ in suggest(line, after).suggestions]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", ["stats", "merge", "center", "standardize", "scale", "whiten", "join", "inspect"]),
        ("st", ["stats", "standardize"]),
        ("sc", ["scale"]),
        ("scale x --method m", ["maxabs", "minmax"]),
        ("scale x --range ", ["0,1", "-1,1"]),
        ("scale x --impute me", ["mean", "median"]),
        ("m", ["merge"]),
        ("merge a.json --fi", ["--files-from"]),
        ("--v", ["--version"]),
        ("stats --col", ["--columns"]),
        ("stats --col x.csv --null", ["--null-value"]),
        ("stats --no-e", ["--no-exif"]),
        ("inspect x --ki", ["--kind"]),
        ("stats --kind csv --ki", []),
        ("stats --columns a --col", ["--columns"]),
        ("stats --per ", ["channel", "pixel", "column", "all"]),
        ("stats x.csv --per=c", ["--per=channel", "--per=column"]),
        ("standardize x --dtype float", ["float16", "float32", "float64"]),
        ("stats x.h5 --layout NHW", ["NHW", "NHWC"]),
        ("stats x --mode RGB", ["RGB", "RGBA"]),
        ("stats x --encoding utf", ["utf-8", "utf-16", "utf-32"]),
        ("stats x --delimiter t", ["tab"]),
        ("stats x --epsilon ", []),
        ("stats -- --per", []),
        ("nonsense --per ", ["stats", "merge", "center", "standardize", "scale", "whiten", "join", "inspect"]),
    ],
)
def test_commands_options_and_values_are_completed(line: str, found: list[str]) -> None:
    assert values(line) == found


@pytest.mark.parametrize(
    "line",
    [
        *("stats ", "stats a.csv b", "merge a.json ", "merge --files-from ", "stats -- --per"),
        *("center x --stats ", "center x -o ", "center x --output="),
    ],
)
def test_paths_are_completed_by_the_shell(line: str) -> None:
    assert suggest(line) == Answer("files", start="--output=" if line.endswith("=") else "")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("stats t.csv --columns ", list(NAMES)),
        ("stats t.csv.gz --columns sepal_", ["sepal_width"]),
        ("center t.csv -o x.csv --exclude petal:", ["petal:x"]),
        ("stats t.csv --columns=sepal_", ["--columns=sepal_width"]),
        ("stats t.csv --columns sepal_width,pe", ["sepal_width,petal:x"]),
        ("stats t.csv --columns sepal_width,s", ["sepal_width,sepal length", 'sepal_width,say "hi"']),
        ('stats t.csv --columns "a,b",$', ['"a,b",$x']),
        ('stats t.csv --columns "a', ['"a,b"']),
        ('stats t.csv --columns "pet', ['"petal:x"']),
        ("stats t.csv --columns sepal_width --exclude sepal_", []),
        ("stats t.csv --columns nothing", []),
        ("stats t.csv u.tsv --columns th", ["third"]),
        ("stats t.csv --no-header --columns column_7", ["column_7"]),
        ("stats t.csv --delimiter tab --columns ", ['"' + HEADER.replace('"', '""') + '"']),
        ("stats t.csv --workers many --per chanel --unknown --columns sepal_", ["sepal_width"]),
        ("center --stats s.json --columns sepal_", ["sepal_width"]),
        ("stats no.bin --kind csv --columns ", []),
        ("stats none.csv --columns ", []),
        ("stats t.h5 --columns ", []),
        ("stats --columns ", []),
        ("stats t.h5 --dataset ", ["/deep/c:d", "/images"]),
        ("stats t.h5 --dataset /im", ["/images"]),
        ("inspect t.h5 --dataset deep", ["deep/c:d"]),
        ("stats t.h5 --dataset=/im", ["--dataset=/images"]),
        ("stats no.bin --kind hdf5 --dataset ", []),
        ("stats t.csv --dataset ", []),
    ],
)
def test_names_in_a_file_on_the_line_are_completed(
    line: str, found: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert values(line) == found


def test_the_file_may_follow_the_word_to_complete(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert values("stats --columns sepal_", "t.csv -o x.json") == ["sepal_width"]


def test_datasets_are_suggested_with_shape_and_type(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert suggest("stats t.h5 --dataset /i").suggestions == (("/images", "(2, 4, 4, 3) float64"),)


@needs_fifo
def test_pipes_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.csv")
    assert values("stats pipe.csv --columns ") == []
    assert values("stats - --columns ") == []


def test_damaged_files_give_nothing_and_no_message(tmp_path: Path) -> None:
    for path in sorted((Path(__file__).parents[2] / "data/hostile/hdf5").glob("*.h5"))[:4]:
        ran = run_zm(f"zm stats {path} --dataset ", "", env={REQUEST: "complete_zsh"}, cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("words")


def test_names_that_would_control_the_terminal_are_not_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("plain,\x1b[31mred,\u202eturned\n1,2,3\n")
    assert values("stats t.csv --columns ") == ["plain"]


def environment(folder: Path, home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "ZDOTDIR": str(home),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
        "INPUTRC": os.devnull,
        "EDITOR": "emacs",
    }


def needs(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


def install(shell: str, folder: Path, home: Path) -> str:
    """The message of `zm --install-completion`, run in that shell."""
    # The second command keeps the shell from replacing itself by zm, which looks for its parent shell.
    command = [needs(shell), "-c", "zm --install-completion; true"]
    return subprocess.check_output(command, env=environment(folder, home), text=True, timeout=60)


def press_tab(shell: str, lines: list[str], folder: Path, home: Path) -> list[list[str]]:
    """The words of each line after the tab key is pressed at its end, in a real shell at a terminal."""
    skip_without_terminal()
    arguments = {"bash": ["--noprofile", "-i"], "zsh": ["-i"]}[shell]
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [needs(shell), *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(folder, home),
        cwd=folder,
        start_new_session=True,
    )
    os.close(terminal)
    # Puts a printf in front of the completed line (control-A, control-E), which prints each word in brackets.
    typed = "".join(f"{line}\t\x01printf '[%s]' \x05 ; echo\n" for line in lines)
    os.write(controller, f"{typed}exit\n".encode())
    seen = b""
    while select.select([controller], [], [], 60)[0]:
        try:
            seen += os.read(controller, 65536)
        except OSError:  # the shell has closed the terminal
            break
    else:
        process.kill()
    os.close(controller)
    assert process.wait(timeout=60) == 0
    found = re.findall(r"^\[zm\](\[.*\])", seen.decode().replace("\r", "\n"), re.MULTILINE)
    return [line[1:-1].split("][") for line in found]


LINES = {
    "zm insp": ["inspect"],
    "zm stats t.csv --columns sepal_width,pet": ["stats", "t.csv", "--columns", "sepal_width,petal:x"],
    r"zm stats with\ space.csv --columns on": ["stats", "with space.csv", "--columns", "only"],
    r"zm stats t.csv --columns \"a": ["stats", "t.csv", "--columns", '"a,b"'],
    "zm stats t.csv --columns it": ["stats", "t.csv", "--columns", "it's"],
    "zm stats t.h5 --dataset=/deep/c:": ["stats", "t.h5", "--dataset=/deep/c:d"],
    "zm stats t.csv --output=no": ["stats", "t.csv", "--output=no.bin"],
}
QUOTED = {
    'zm stats t.csv --columns "sepal l': ["stats", "t.csv", "--columns", "sepal length"],
    "zm stats t.csv --columns 'sepal_width,sepal l": ["stats", "t.csv", "--columns", "sepal_width,sepal length"],
    'zm stats t.csv --columns "say': ["stats", "t.csv", "--columns", 'say "hi"'],
    "zm stats t.csv --columns '\"a": ["stats", "t.csv", "--columns", '"a,b"'],
}


@slow
def test_bash_completes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("# mine")
    for _ in range(2):
        assert "completion for bash is in" in install("bash", folder, tmp_path)
    first, second = (tmp_path / ".bashrc").read_text().splitlines()
    assert (first, second.split()[0]) == ("# mine", "source")
    lines = {**LINES, **QUOTED}
    assert press_tab("bash", list(lines), folder, tmp_path) == list(lines.values())


def test_zsh_completes(folder: Path, tmp_path: Path) -> None:
    assert "completion for zsh is in" in install("zsh", folder, tmp_path)
    assert press_tab("zsh", list(LINES), folder, tmp_path) == list(LINES.values())


def test_fish_completes(folder: Path, tmp_path: Path) -> None:
    assert "completion for fish is in" in install("fish", folder, tmp_path)
    lines = {**LINES, **QUOTED, "FOO=1 zm insp": ["inspect"]}
    code = "".join(f"complete -C{_quote_for_fish(line)}; echo ---;" for line in lines)
    seen = subprocess.check_output(
        [needs("fish"), "-c", code], env=environment(folder, tmp_path), cwd=folder, text=True, timeout=60
    )
    found = [part.split("\t")[0].strip() for part in seen.split("---\n")[:-1]]
    assert found == [words[-1] for words in lines.values()]


def _quote_for_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shown_script_is_valid_in_its_shell(shell: str, folder: Path, tmp_path: Path) -> None:
    by_name = run_zm(env={REQUEST: f"source_{shell}"})
    command = [needs(shell), "-c", "zm --show-completion; true"]
    shown = subprocess.check_output(command, env=environment(folder, tmp_path), text=True, timeout=60)
    assert (by_name.code, by_name.out) == (0, shown)
    (tmp_path / "script").write_text(shown)
    checked = subprocess.run([shell, "-n", str(tmp_path / "script")], capture_output=True, check=False, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, b"")


def test_an_invalid_completion_request_is_refused() -> None:
    ran = run_zm(env={REQUEST: "complete_tcsh"})
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
