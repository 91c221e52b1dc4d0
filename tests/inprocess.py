"""Runs zm in the process of the tests, where no pipe, terminal or end of a process matters: it is much faster."""

from __future__ import annotations

import contextlib
import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from tests.shell import Ran
from zm_cli import errors
from zm_cli.cli import main


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
