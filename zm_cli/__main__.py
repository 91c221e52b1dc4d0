"""The start of the `zm` command; `python -m zm_cli` is the same."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # An interrupt while zm is being loaded ends it without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import gc
import os
import sys
from typing import NoReturn

from zm_cli.errors import print_errors_as_json
from zm_cli.running.guard import stand_by


def run() -> NoReturn:
    """Runs the command line in a process that is watched, and exits with its code."""
    # Loading and blocks make many objects and little garbage, so collect it less often.
    gc.set_threshold(100_000)
    # Look for the option in the raw arguments: the command line may not parse.
    if "--json" in sys.argv[1:]:
        print_errors_as_json()
    os._exit(stand_by(_work, _remove_left_over))


def _work() -> int:
    from zm_cli.cli import main

    return main.run()


def _remove_left_over(path: str) -> None:
    # Imported only if something is left over: the import takes longer than some runs.
    from pathlib import Path

    from zm_cli.outputs.draft import remove_left_over

    remove_left_over(Path(path))


if __name__ == "__main__":
    run()
