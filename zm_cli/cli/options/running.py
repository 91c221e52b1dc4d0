"""Options that say how a command runs and what it prints meanwhile."""

from __future__ import annotations

from zm_cli.data.options import Option, Panel
from zm_cli.inputs.option_text import (
    parse_size,
)
from zm_cli.running.cluster.address import LOCAL, parse_address

WORKERS: Option[int] = Option(
    "workers",
    given_as=int,
    flags=("--workers", "-j"),
    metavar="N",
    minimum=1,
    help="Number of workers (default: one per core).",
    panel=Panel.RUNNING,
    decides_output=False,
)
MEMORY: Option[int] = Option(
    "memory",
    parse=parse_size,
    metavar="SIZE",
    suggestions=("128MB", "256MB", "512MB", "1GB", "2GB"),
    help="Memory for the data being processed (default: 128MB for each worker, at least 256MB).",
    panel=Panel.RUNNING,
    decides_output=False,
)
DASK: Option[str] = Option(
    "dask",
    parse=parse_address,
    metavar="ADDRESS",
    suggestions=(LOCAL,),
    help="Work on a Dask cluster: tcp://HOST:8786, a scheduler file, or local, which starts one here.",
    panel=Panel.RUNNING,
    decides_output=False,
)
CHECKPOINT: Option[str] = Option(
    "checkpoint",
    metavar="FILE",
    help="Keep in this file, every half minute, how far the run has come; the same command then goes on from there. "
    "Removed at the end.",
    panel=Panel.RUNNING,
    decides_output=False,
)
QUIET: Option[bool] = Option(
    "quiet",
    given_as=bool,
    default=False,
    flags=("--quiet", "-q"),
    help="Print nothing but errors.",
    panel=Panel.RUNNING,
    decides_output=False,
)
VERBOSE: Option[bool] = Option(
    "verbose",
    given_as=bool,
    default=False,
    flags=("--verbose", "-v"),
    help="Print more messages.",
    panel=Panel.RUNNING,
    decides_output=False,
)
PROGRESS: Option[bool] = Option(
    "progress",
    given_as=bool | None,
    flags=("--progress/--no-progress",),
    help="Show a progress bar on standard error (default: at a terminal).",
    panel=Panel.RUNNING,
    decides_output=False,
)
DEBUG: Option[bool] = Option(
    "debug",
    given_as=bool,
    default=False,
    help="Show the traceback of an error.",
    panel=Panel.RUNNING,
    decides_output=False,
)
