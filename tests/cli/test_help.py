"""The help: fits a screen, shows every option in full, and its examples work."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.made import make_stats
from tests.shell import run_at_terminal, run_zm
from tests.systems import slow
from zm_cli.cli.options.running import CHECKPOINT
from zm_cli.pipeline.measuring.checkpoint import INTERVAL
from zm_cli.statsfile.store import save_stats

COMMANDS = ("stats", "merge", "center", "standardize", "scale", "whiten", "join", "inspect")
NARROW = {"COLUMNS": "80", "LINES": "24"}


def plain(text: str) -> list[str]:
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r", "").splitlines()


def test_the_help_fits_a_screen_at_a_terminal_and_in_a_pipe() -> None:
    seen = run_at_terminal("--help", env=NARROW)
    piped = run_zm("--help", env=NARROW)
    for ran in (seen, piped):
        lines = plain(ran.out)
        assert ran.code == 0
        assert len(lines) <= 24
        assert max(map(len, lines)) <= 80
        assert "Exit codes: 0 done" in ran.out
        for command in COMMANDS:
            assert len([line for line in lines if f"│ {command} " in line]) == 1


def test_zm_alone_shows_the_help() -> None:
    ran = run_zm(env=NARROW)
    assert (ran.code, ran.err) == (2, "")
    assert ran.out.rstrip() == run_zm("--help", env=NARROW).out.rstrip()


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_is_whole_at_80_columns(command: str) -> None:
    ran = run_zm(command, "--help", env=NARROW)
    lines = plain(ran.out)
    assert max(map(len, lines)) <= 80
    assert "…" not in ran.out
    assert "None" not in ran.out
    # No value in angle brackets is broken over lines.
    assert all(line.count("<") == line.count(">") - line.count(">=") for line in lines)
    panels = re.findall(r"╭─ (.*?) ─", ran.out)
    assert panels[:2] == ["Arguments", "Options"]
    assert panels[-1] == "How to run"
    assert "Exit codes: see zm --help" in ran.out


def test_the_help_says_how_often_progress_is_saved() -> None:
    assert f"every {INTERVAL:.0f} seconds" in CHECKPOINT.help


def test_several_sources_show_in_the_usage() -> None:
    assert "zm stats [OPTIONS] [SOURCE]..." in run_zm("stats", "-h").out
    assert "zm center [OPTIONS] [SOURCE] " in run_zm("center", "-h").out


def test_help_loads_no_library_for_data() -> None:
    code = "import sys; from zm_cli.cli import main; print({'numpy', 'h5py', 'polars', 'PIL', 'rich'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def write_sources(folder: Path) -> None:
    """Makes the inputs that the examples name."""
    generator = np.random.default_rng(0)
    for name in ("train", "test"):
        (folder / name).mkdir()
        for number in range(3):
            pixels = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    for name in ("train", "test", "a", "b", "new"):
        (folder / f"{name}.csv").write_text("age,income\n1,10\n2,30\n4,20\n")
    for index, name in enumerate(("part-1", "part-2", "new")):
        stats = make_stats(generator.normal(size=(9, 2)), "column", axes="NC", names=("age", "income"), kind="csv")
        record = replace(stats.sources[0], digest=f"xxh3_128:{index:032x}")
        save_stats(replace(stats, sources=(record,)), str(folder / f"{name}.stats.json"))
    (folder / "list.txt").write_text("part-1.stats.json\nnew.stats.json\n")


def expand(words: list[str], folder: Path) -> list[str]:
    """The words as a shell gives them to a program: patterns of names are replaced by the names."""
    found = [sorted(path.name for path in folder.glob(word)) if "*" in word else [word] for word in words]
    return [word for each in found for word in each]


@slow
def test_the_examples_work_in_their_order(tmp_path: Path) -> None:
    write_sources(tmp_path)
    texts = [run_zm(*command, "--help", env=NARROW).out for command in ((), *((name,) for name in COMMANDS))]
    examples = re.findall(r"^ zm (.+?) *$", "\n".join(texts), re.MULTILINE)
    assert len(examples) >= 15
    # train.h5 is made by an example of `standardize`, so its statistics come last.
    examples.sort(key=lambda example: example.startswith("stats train.h5"))
    for example in examples:
        for command in example.partition(" | ")[0].split(" && zm "):
            ran = run_zm(*expand(command.split(), tmp_path), cwd=tmp_path)
            assert ran.code == 0, (example, ran.err)
