"""The `zm` command: registers its subcommands, and handles errors, interrupts and closed pipes."""

from __future__ import annotations

import errno
import functools
import io
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from zm_cli.cli.commands.center import center
from zm_cli.cli.commands.inspect import inspect
from zm_cli.cli.commands.join import join
from zm_cli.cli.commands.merge import merge
from zm_cli.cli.commands.scale import scale
from zm_cli.cli.commands.standardize import standardize
from zm_cli.cli.commands.stats import stats
from zm_cli.cli.commands.whiten import whiten
from zm_cli.cli.parsing.arguments import InstallCompletion, ShowCompletion, Version
from zm_cli.cli.parsing.command_classes import Command, Commands
from zm_cli.errors import DataError, UsageError, ZmError, print_error
from zm_cli.running.guard import promise_files
from zm_cli.system import is_reader_gone

INTERRUPTED = 130

app = typer.Typer(
    name="zm",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def zm(
    version: Version = False,
    install_completion: InstallCompletion = False,
    print_completion: ShowCompletion = False,
) -> None:
    """Compute statistics of datasets; center, standardize, scale and whiten them.

    zm stats train/ -o s.json && zm standardize test/ -o test.h5 --stats s.json
    Exit codes: 0 done, 1 a check failed, 2 wrong usage, 3 bad data.
    """


def _register(command: Callable[..., None]) -> None:
    """Adds a command, which ends without an error if the reader of its standard output is gone."""

    @functools.wraps(command)
    def run_quietly(*args: Any, **kwargs: Any) -> None:
        try:
            if kwargs.get("output") not in (None, "-"):
                promise_files()
            command(*args, **kwargs)
            sys.stdout.flush()
        except OSError as error:
            if not is_reader_gone(error):
                raise
            from zm_cli.cli.messages import drop_output

            drop_output()

    app.command(cls=Command, epilog="Exit codes: see zm --help")(run_quietly)


for _command in (stats, merge, center, standardize, scale, whiten, join, inspect):
    _register(_command)


def run() -> int:
    """Runs the command line, flushes all output, and returns the exit code."""
    _prepare_streams()
    code = _run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        if not is_reader_gone(error):
            code = code or _fail(_explain(error), error)
    return code


def _prepare_streams() -> None:
    """Makes the standard streams usable even if the caller closed some, and able to print any character."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed()))
    if "--debug" not in sys.argv:
        _keep_messages_apart()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What is piped is the same on every system; a terminal, or the user, may ask for another encoding.
            plain = None if stream.isatty() or "PYTHONIOENCODING" in os.environ else "utf-8"
            stream.reconfigure(encoding=plain, errors="backslashreplace", newline="\n")


class _Closed(io.RawIOBase):
    """Stands in for a standard output that the caller closed: only writing to it is an error."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _keep_messages_apart() -> None:
    """Reserves standard error for zm's own messages: what C libraries print there is dropped."""
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
        return _fail(error, error)
    except typer.TyperException as error:
        from zm_cli.cli.parsing.usage import explain_usage

        explained = explain_usage(error)
        return UsageError.code if explained is None else _fail(explained, error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as error:
        # Typer and rich exit with 1 if the reader has closed their output.
        return 0 if error.code == 1 else int(error.code or 0)
    except MemoryError as error:
        hint = "use fewer --workers or less --memory"
        return _fail(DataError("not enough memory", hint=hint), error)
    except OSError as error:
        return _fail(_explain(error), error)
    except Exception as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        hint = "please report it with the output of --debug"
        return _fail(DataError(f"internal error ({what})", hint=hint), error)


def _explain(error: OSError) -> DataError:
    """Returns the DataError for an error of the system; one without a file name comes from standard output."""
    if error.filename is None and error.errno in (errno.EBADF, errno.ENOSPC, errno.EIO):
        return DataError(f"cannot be written: {error.strerror}", where="standard output")
    return DataError(error.strerror or str(error), where=None if error.filename is None else str(error.filename))


def _fail(error: ZmError, cause: BaseException) -> int:
    if "--debug" in sys.argv:
        import traceback

        traceback.print_exception(cause)
    print_error(error)
    return error.code
