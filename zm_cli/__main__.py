"""Where the `zm` command begins: `python -m zm_cli` is the same."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def run() -> NoReturn:
    """Runs the command line; an interrupt while it is still being loaded ends quietly too."""
    # Loading makes many objects and no garbage, and so do blocks: it is looked for less often.
    gc.set_threshold(100_000)
    try:
        from zm_cli.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    main.run()


if __name__ == "__main__":
    run()
