"""Runs zm in the process of the tests, where no pipe, terminal or end of a process matters: it is much faster."""

from __future__ import annotations

import contextlib
import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.shell import Ran
from zm_cli import errors
from zm_cli.cli import main
from zm_cli.cli.main import app
from zm_cli.errors import ZmError


def call_zm(*arguments: str | Path, cwd: Path | None = None) -> Ran:
    """The same as `run_zm`, without a process; standard output takes text only."""
    out, err = io.StringIO(), io.StringIO()
    words = [*map(str, arguments)]
    with (
        mock.patch.object(sys, "argv", ["zm", *words]),
        mock.patch.object(errors, "_as_json", "--json" in words),
        contextlib.chdir(cwd or Path.cwd()),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main.run()
    return Ran(code, out.getvalue(), err.getvalue())


@dataclass
class Shell:
    """Runs zm in this process, in a folder of its own, with what it prints."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def run(self, line: str) -> str:
        """The messages of a command that succeeds."""
        return str(self._run(line).err)

    def print(self, line: str) -> str:
        """Standard output of a command that succeeds."""
        return str(self._run(line).out)

    def refuse(self, line: str) -> str:
        """The message of a command that fails; nothing is written."""
        before = sorted(self.folder.iterdir())
        with pytest.raises(ZmError) as caught:
            self.run(line)
        assert sorted(self.folder.iterdir()) == before
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def _run(self, line: str) -> Any:
        self.capture.readouterr()
        app(line.split(), standalone_mode=False, prog_name="zm")
        return self.capture.readouterr()
