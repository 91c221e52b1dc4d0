"""Where the `zm` command begins: `python -m zm_cli` is the same."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # An interrupt while zm is still being loaded ends it quietly.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import gc
import os
import sys
from typing import NoReturn

from zm_cli.errors import print_errors_as_json
from zm_cli.running.guard import stand_by


def run() -> NoReturn:
    """Runs the command line, with a process on guard, and exits with its code."""
    # Loading makes many objects and no garbage, and so do blocks: it is looked for less often.
    gc.set_threshold(100_000)
    # Read from the arguments as they are: a command line that does not parse has no options yet.
    if "--json" in sys.argv[1:]:
        print_errors_as_json()
    os._exit(stand_by(_work, _remove_left_over))


def _work() -> int:
    from zm_cli.cli import main

    return main.run()


def _remove_left_over(path: str) -> None:
    # Loaded only where something is left over: loading takes longer than some runs.
    from pathlib import Path

    from zm_cli.outputs.draft import remove_left_over

    remove_left_over(Path(path))


if __name__ == "__main__":
    run()
