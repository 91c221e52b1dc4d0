"""The `zm` command: its subcommands, and what becomes of errors, interrupts and closed pipes."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer

from zm_cli.cli import options as opt
from zm_cli.cli.center import center
from zm_cli.cli.inspect import inspect
from zm_cli.cli.standardize import standardize
from zm_cli.cli.stats import stats
from zm_cli.errors import ZmError, escape_controls

INTERRUPTED = 130

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


def run() -> int:
    """Runs the command line and returns its exit code, all output flushed."""
    _prepare_streams()
    code = _run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        code = code or _fail(f"standard output: {error.strerror}", 3, error)
    return code


def _prepare_streams() -> None:
    """Standard streams that are there and take any character, whatever the caller closed and the locale is."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    if "--debug" not in sys.argv:
        _keep_messages_apart()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _keep_messages_apart() -> None:
    """Leaves standard error to zm's own messages: what libraries of C print there themselves goes nowhere."""
    try:
        own = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):
        return
    sys.stderr = open(own, "w", buffering=1, encoding=sys.stderr.encoding)  # noqa: SIM115
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _run() -> int:
    try:
        return int(app(standalone_mode=False, prog_name="zm") or 0)
    except ZmError as error:
        return _fail(str(error), error.code, error)
    except typer.TyperException as error:
        message = error.format_message().rstrip(".")
        return _fail(f"{message}; see zm --help", 2, error) if message else 2
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as error:
        # Typer and rich leave with 1 where the reader of their output is gone.
        return 0 if error.code == 1 else int(error.code or 0)
    except MemoryError as error:
        return _fail("not enough memory; fewer --workers or a smaller --memory need less", 3, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", 3, error)
    except Exception as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return _fail(f"this should not happen ({what}); please report it with what --debug shows", 3, error)


def _fail(message: str, code: int, error: BaseException) -> int:
    # Read from the arguments as they are: a command line that does not parse has no options yet.
    if "--debug" in sys.argv:
        import traceback

        traceback.print_exception(error)
    with suppress(OSError):
        print(f"zm: error: {escape_controls(message)}", file=sys.stderr)
    return code
