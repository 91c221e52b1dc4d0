"""Makes inputs by name: `python -m bench.inputs FOLDER full|quick NAME...`; those that are there already stay.

It is a process of its own: the bench itself must stay small (see `bench/process.py`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.inputs.catalogue import list_recipes
from bench.inputs.sizes import SIZES
from bench.inputs.store import provide


def main(folder: str, size: str, *names: str) -> None:
    """Makes the inputs `names` in `folder`."""
    provide(list_recipes(SIZES[size]), names, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
