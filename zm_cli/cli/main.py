"""The `zm` command: its subcommands, and what becomes of errors, interrupts and closed pipes."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import typer

from zm_cli.cli import options as opt
from zm_cli.cli.center import center
from zm_cli.cli.inspect import inspect
from zm_cli.cli.standardize import standardize
from zm_cli.cli.stats import stats
from zm_cli.errors import ZmError

INTERRUPTED, TERMINATED = 130, 143

app = typer.Typer(
    name="zm",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def zm(version: opt.Version = False) -> None:
    """Means and deviations of image folders, CSV and HDF5, and the centered or standardized dataset for training.

    zm stats train/ -o train.stats.json

    zm standardize test/ -o test.h5 --stats train.stats.json
    """


class Terminated(BaseException):
    """SIGTERM, as an exception: what is half written is discarded on its way up."""


def _register(command: Callable[..., None]) -> None:
    """Adds a command whose closed standard output is no error: the reader has had enough."""

    @functools.wraps(command)
    def run_quietly(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would complain once more when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    app.command()(run_quietly)


for _command in (stats, center, standardize, inspect):
    _register(_command)


def run() -> NoReturn:
    """Runs the command line and exits with its code."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_run())


def _run() -> int:
    try:
        return int(app(standalone_mode=False, prog_name="zm") or 0)
    except ZmError as error:
        return _fail(str(error), error.code, error)
    except typer.TyperException as error:
        return _fail(f"{error.format_message().rstrip('.')}; see zm --help", 2, error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Terminated:
        return TERMINATED
    except MemoryError as error:
        return _fail("not enough memory; fewer --workers or a smaller --memory need less", 3, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 3, error)


def _fail(message: str, code: int, error: BaseException) -> int:
    # Read from the arguments as they are: a command line that does not parse has no options yet.
    if "--debug" in sys.argv:
        import traceback

        traceback.print_exception(error)
    print(f"zm: error: {message}", file=sys.stderr)
    return code


def _terminate(signum: int, frame: object) -> NoReturn:
    raise Terminated
