"""What the tests of commands share: a folder with a table, and a shell in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands.scaled_tables import write_table
from tests.inprocess import Shell

SEED = 20261205


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A folder with the table t.csv, of two columns of numbers and one of text."""
    monkeypatch.chdir(tmp_path)
    write_table("t.csv", np.random.default_rng(SEED).normal(5, 3, (50, 2)))
    return Shell(tmp_path, capsys)
