"""Options that say how a command runs, and what it prints while it runs."""

from __future__ import annotations

from zm_cli.data.options import Option, Panel
from zm_cli.inputs.option_text import parse_size
from zm_cli.running.cluster.address import LOCAL, parse_address
from zm_cli.running.plan import DEFAULT_MEMORY, MEMORY_PER_WORKER

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
    help=f"Memory for the data being processed (default: {MEMORY_PER_WORKER >> 20}MB for each worker, at least "
    f"{DEFAULT_MEMORY >> 20}MB).",
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
    help="Save progress to this file every 30 seconds; the same command resumes from it. Removed when the run is "
    "complete.",
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
