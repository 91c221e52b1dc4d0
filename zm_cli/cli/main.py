"""The `zm` command: its subcommands, and what becomes of errors, interrupts and closed pipes."""

from __future__ import annotations

import functools
import io
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
from zm_cli.draft import discard_unfinished
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


class Stopped(BaseException):
    """A signal to end, as an exception: what is half written is discarded on its way up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


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
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    _prepare_streams()
    code = _run()
    discard_unfinished()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except (KeyboardInterrupt, Stopped) as error:
        code = error.number + 128 if isinstance(error, Stopped) else INTERRUPTED
    except OSError as error:
        code = code or _fail(f"standard output: {error.strerror}", 3, error)
    # All is done and closed: Python need not take itself apart, which is an eighth of a short run. Only tools that
    # write at exit (profilers, coverage) miss it.
    os._exit(code)


def _prepare_streams() -> None:
    """Standard streams that are there and take any character, whatever the caller closed and the locale is."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


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
    except Stopped as error:
        return 128 + error.number
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
    print(f"zm: error: {escape_controls(message)}", file=sys.stderr)
    return code


def _stop(number: int, frame: object) -> NoReturn:
    raise Stopped(number)
