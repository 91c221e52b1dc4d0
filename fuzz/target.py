"""What a fuzzed reader must offer: valid files to start from, a way to damage them, the commands that read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuzz.harness import Ending

Mutate = Callable[[bytes, np.random.Generator], bytes]


@dataclass(frozen=True)
class Target:
    """A reader of zm's under fire.

    `make_seeds` writes small valid files to a folder; `mutate` damages the bytes of one. `commands` are the arguments
    of the runs of zm over a damaged file, which write to `output` where they write. `check` compares what came of runs
    that ended well with an independent reading and says what is wrong, None where all is right. `preload` are modules
    that are loaded once, before the process is copied for each case: none whose library starts threads.
    """

    make_seeds: Callable[[Path], None]
    mutate: Mutate
    commands: Callable[[Path, Path], Sequence[Sequence[str]]]
    check: Callable[[Path, Path, Sequence[Ending]], str | None]
    preload: tuple[str, ...] = ()
