"""Target: what a fuzzed reader provides: valid files to start from, how to damage them, and the commands to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuzz.harness import Ending

Mutate = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True)
class Target:
    """A reader of zm to test with damaged files.

    `make_seeds` writes small valid files to a folder. `mutate` damages the bytes of one. `commands` returns the
    arguments of each run of zm, from the path of the damaged file and the folder for outputs. `check` compares the
    results of successful runs with an independent reading; it returns what is wrong, None for nothing. `preload` names
    modules to import once, before the process is copied for each case; their libraries must not start threads.
    """

    make_seeds: Callable[[Path], None]
    mutate: Mutate
    commands: Callable[[Path, Path], Sequence[Sequence[str]]]
    check: Callable[[Path, Path, Sequence[Ending]], str | None]
    preload: tuple[str, ...] = ()
