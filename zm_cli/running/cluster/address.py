"""Addresses of Dask clusters, as --dask takes them."""

from __future__ import annotations

import json
import os
import re
import time

from zm_cli.errors import UsageError

LOCAL = "local"
"""Stands for a cluster that is started on this machine, for this command."""
SECONDS = 10.0
"""How long a scheduler file is waited for: a job that has just been started may not have written it yet."""
GRACE = 1.0
"""Seconds that an existing file may stay unreadable: it may still be being written."""
_PAUSE = 0.1
_HOST_AND_PORT = re.compile(r"[^/\\\s]+:\d+")


def parse_address(text: str) -> str:
    """Returns the address itself: a URL, HOST:PORT, a scheduler file or "local"; UsageError where it is empty."""
    if not text.strip():
        raise UsageError("is empty", where="--dask", hint="give tcp://HOST:8786, a scheduler file, or local")
    return text


def find_scheduler(address: str, seconds: float = SECONDS) -> str:
    """Returns the URL of the scheduler at an address that is not LOCAL; a file is waited for that long.

    Raises UsageError where the file does not appear, or is not a scheduler file.
    """
    if "://" in address:
        return address
    if _HOST_AND_PORT.fullmatch(address) and not os.path.exists(address):
        return f"tcp://{address}"
    begin = time.monotonic()
    until = begin + seconds
    while True:
        try:
            return _read_scheduler_file(address)
        except (OSError, ValueError) as error:
            # One that is there may be written right now.
            if time.monotonic() >= (until if isinstance(error, FileNotFoundError) else min(until, begin + GRACE)):
                raise _explain_file(address, error) from error
        time.sleep(_PAUSE)


def _read_scheduler_file(path: str) -> str:
    """Returns the URL in a scheduler file; OSError or ValueError where it cannot be read, or not yet."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    found = document.get("address") if isinstance(document, dict) else None
    if not isinstance(found, str):
        raise ValueError(path)
    return found


def _explain_file(address: str, error: Exception) -> UsageError:
    hint = "a scheduler file is what dask scheduler --scheduler-file writes; an address is tcp://HOST:8786"
    if isinstance(error, FileNotFoundError):
        return UsageError("there is no such scheduler file", where=f"--dask {address}", hint=hint)
    what = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else "is not a scheduler file"
    return UsageError(what, where=f"--dask {address}", hint=hint)
