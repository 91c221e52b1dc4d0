"""Runs zm on one damaged file, in a copy of this process and with a time limit, and judges how it ended."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

SECONDS = 30
"""The time limit: no small file may take longer."""
MAX_BYTES = 2 << 30
"""A case that takes more memory at its peak is a defect."""

Kind = Literal["done", "refused", "not clean", "killed", "hung", "too large"]


@dataclass(frozen=True)
class Ending:
    """How a run of zm ended: `done` is exit code 0, `refused` is exit code 2 or 3 with one line that says why.

    All other kinds are defects: any other output or exit code (`not clean`), ended by a signal (`killed`), stopped at
    the time limit (`hung`), too much memory (`too large`). `peak` is in bytes.
    """

    kind: Kind
    code: int
    out: str
    err: str
    peak: int

    @property
    def good(self) -> bool:
        """Whether the user gets a result or a reason."""
        return self.kind in ("done", "refused")


def run_zm(arguments: Sequence[str], *, seconds: int = SECONDS) -> Ending:
    """Runs `zm ARGUMENTS` in a copy of this process, without standard input, and returns how it ended."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            _become_zm(arguments, out.fileno(), err.fileno(), seconds)
        _, status, usage = os.wait4(child, 0)
        _end_group(child)
        printed, errors = (_read_whole(file.fileno()) for file in (out, err))
    return _judge(os.waitstatus_to_exitcode(status), printed, errors, usage.ru_maxrss << 10)


def _become_zm(arguments: Sequence[str], out: int, err: int, seconds: int) -> NoReturn:
    code = 70
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
            for number, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        sys.argv = ["zm", *arguments]
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        from zm_cli.__main__ import run

        run()
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        os._exit(code)


def _end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _read_whole(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb", closefd=False) as stream:
        return stream.read().decode(errors="replace")


def _is_reason(line: str) -> bool:
    """Returns whether a line is an error message of zm, as a sentence or with --json."""
    try:
        return line.startswith("zm: error: ") or set(json.loads(line)) == {"where", "what", "hint", "code"}
    except ValueError:
        return False


def _judge(code: int, out: str, err: str, peak: int) -> Ending:
    kind: Kind
    errors = [line for line in err.splitlines() if not line.startswith("zm: ") or line.startswith("zm: error: ")]
    if code == -signal.SIGALRM:
        kind = "hung"
    elif code < 0:
        kind = "killed"
    elif code == 0 and not errors:
        kind = "done"
    elif code in (2, 3) and len(errors) == 1 and _is_reason(errors[0]) and "internal error (" not in err:
        kind = "refused"
    else:
        kind = "not clean"
    if kind in ("done", "refused") and peak > MAX_BYTES:
        kind = "too large"
    return Ending(kind, code, out, err, peak)


def list_seeds(folder: Path) -> list[Path]:
    """Returns the files to start from, sorted by name."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
