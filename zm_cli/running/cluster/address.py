"""Addresses of Dask clusters, as --dask takes them."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable

from zm_cli.errors import UsageError

LOCAL = "local"
"""The address that starts a cluster on this machine for one command."""
SECONDS = 10.0
"""How long zm waits for a scheduler file: a job that was just started may not have written it yet."""
WAITING_SECONDS = 2.0
"""After this many seconds, a message says that zm is waiting for the file."""
GRACE = 1.0
"""Seconds that an existing file may stay unreadable: it may still be being written."""
_PAUSE = 0.1
_HOST_AND_PORT = re.compile(r"[^/\\\s]+:\d+")
_HOST = re.compile(r"localhost|\d+\.\d+\.\d+\.\d+", re.IGNORECASE)
_BARE_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
"""What may be the name of a host, or of a file in this folder."""


def parse_address(text: str) -> str:
    """Returns the address: a URL, HOST:PORT, a scheduler file, or LOCAL for this word in upper or lower case.

    Raises UsageError if it is empty, or a host without a port.
    """
    if not text.strip():
        raise UsageError("is empty", where="--dask", hint="give tcp://HOST:8786, a scheduler file, or local")
    if text.strip().lower() == LOCAL:
        return LOCAL
    if _HOST.fullmatch(text) and not os.path.exists(text):
        raise UsageError("has no port", where=f"--dask {text}", hint=f"give {text}:8786")
    return text


def find_scheduler(
    address: str, seconds: float = SECONDS, tell: Callable[[str], object] = lambda sentence: None
) -> str:
    """Returns the URL of the scheduler at an address that is not LOCAL.

    Waits so many seconds for a file, and calls `tell` with a sentence after WAITING_SECONDS. Raises UsageError if the
    file does not appear, or is not a scheduler file.
    """
    if "://" in address:
        return address
    if _HOST_AND_PORT.fullmatch(address) and not os.path.exists(address):
        return f"tcp://{address}"
    begin = time.monotonic()
    until, has_told = begin + seconds, False
    while True:
        try:
            return _read_scheduler_file(address)
        except (OSError, ValueError) as error:
            now = time.monotonic()
            # A file that is there may be written right now.
            if now >= (until if isinstance(error, FileNotFoundError) else min(until, begin + GRACE)):
                raise _explain_file(address, error) from error
            if now >= begin + WAITING_SECONDS and not has_told:
                tell(f"waiting for the scheduler file {address}")
                has_told = True
        time.sleep(_PAUSE)


def _read_scheduler_file(path: str) -> str:
    """Returns the URL in a scheduler file; OSError or ValueError if it cannot be read, or not yet."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    found = document.get("address") if isinstance(document, dict) else None
    if not isinstance(found, str):
        raise ValueError(path)
    return found


def _explain_file(address: str, error: Exception) -> UsageError:
    hint = "a scheduler file is what dask scheduler --scheduler-file writes; an address is tcp://HOST:8786"
    if isinstance(error, FileNotFoundError):
        if _BARE_NAME.fullmatch(address) and not address.endswith(".json"):
            hint = f"a host needs its port: {address}:8786"
        return UsageError("there is no such scheduler file", where=f"--dask {address}", hint=hint)
    what = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else "is not a scheduler file"
    return UsageError(what, where=f"--dask {address}", hint=hint)
