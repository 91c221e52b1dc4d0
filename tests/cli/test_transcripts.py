"""Typical sessions in a shell: what is printed where, and the exit code; in a pipe and at a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.shell import put_zm_on_path
from tests.systems import slow
from tests.transcript import Way, fits, read_transcript, run_in_shell

ROOT = Path(__file__).parents[2]
TRANSCRIPTS = sorted((ROOT / "tests" / "transcripts").glob("*.txt"))


@slow
@pytest.mark.parametrize("way", ["pipe", "terminal"])
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_is_reproduced_exactly(tmp_path: Path, path: Path, way: Way) -> None:
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data", ignore=shutil.ignore_patterns("make.py"))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    env = put_zm_on_path(tmp_path)
    for step in read_transcript(path):
        printed = run_in_shell(step.command, way, tmp_path, env)
        details = f"{path.name}:{step.line}: {step.command}\n" + "\n".join(
            [*printed.out, *(f"! {line}" for line in printed.err), f"=> {printed.code}"]
        )
        assert fits(printed.out, step.expect(way, "out")), details
        assert fits(printed.err, step.expect(way, "err")), details
        assert printed.code == step.code, details


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) > 5
