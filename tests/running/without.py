"""Runs zm as on another system: `python -m tests.running.without SYSTEM` removes the features that system lacks.

One command line is read from each line of standard input, as a JSON list of words; they are run one after another, and
each exit code is printed on standard error. With words after SYSTEM, they are the one command line that is run.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import select
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any

MACOS = {
    os: ("sched_getaffinity", "posix_fadvise", "posix_fallocate", "memfd_create"),
    signal: ("sigtimedwait", "sigwaitinfo"),
    select: ("epoll",),
}
"""Features that this system may have and macOS lacks."""
WINDOWS = {
    os: (
        *MACOS[os], "fork", "forkpty", "register_at_fork", "wait", "wait3", "wait4", "killpg", "setsid", "getpgid",
        "pread", "preadv", "pwrite", "pwritev", "readv", "writev", "statvfs", "fstatvfs", "sysconf", "sysconf_names",
        "mkfifo", "mknod", "set_blocking", "get_blocking", "fchmod", "chown", "openpty",
        "O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "O_SYNC", "O_NOCTTY",
    ),
    signal: (
        *MACOS[signal], "SIGHUP", "SIGKILL", "SIGPIPE", "SIGPROF", "SIGXCPU", "SIGQUIT", "SIGALRM", "SIGUSR1",
        "SIG_BLOCK", "SIG_SETMASK", "pthread_sigmask", "setitimer", "ITIMER_PROF", "alarm", "pause", "sigwait",
    ),
    select: (*MACOS[select], "poll", "POLLIN", "POLLERR", "POLLHUP"),
}  # fmt: skip
"""Features that this system may have and Windows lacks."""
MISSING_MODULES = ("fcntl", "resource", "termios", "pty", "tty", "pwd", "grp")
O_BINARY = 0o100000
"""Stands for the flag of Windows; on Linux it has no effect, because it is O_LARGEFILE."""


BY_OPEN = os.O_CLOEXEC


def become(system: str) -> None:
    """Removes the features that `system` lacks; `here` changes nothing."""
    if system == "here":
        return
    for module, names in (WINDOWS if system == "windows" else MACOS).items():
        for name in names:
            module.__dict__.pop(name, None)
    patched: dict[str, Any] = {name: importlib.import_module(name) for name in ("ctypes", "os", "shutil", "tempfile")}
    patched["ctypes"].CDLL = _CLibrary
    _CLibrary.nameless = system == "macos"
    # Python itself returns this without `sched_getaffinity`.
    patched["os"].process_cpu_count = os.cpu_count
    if system == "macos":
        # Only while zm is imported: the standard library would look for files that do not exist here.
        here, sys.platform = sys.platform, "darwin"
        importlib.import_module("zm_cli.system")
        sys.platform = here
        return
    for name in MISSING_MODULES:
        # From now on, importing it raises ImportError.
        sys.modules[name] = None  # type: ignore[assignment]
    patched["os"].O_BINARY = O_BINARY
    patched["os"].open = _open_binary(os.open)
    for name in ("rename", "replace", "unlink", "remove", "rmdir"):
        setattr(os, name, _refuse_open(getattr(os, name)))
    patched["shutil"]._use_fd_functions = False
    patched["tempfile"]._bin_openflags |= O_BINARY
    patched["tempfile"].TemporaryFile = tempfile.NamedTemporaryFile


class _CLibrary(ctypes.CDLL):
    """The C library of this system, without what the others lack; on Windows, a library must be named."""

    nameless = False

    def __init__(self, name: str | None, *arguments: Any, **options: Any) -> None:
        if name is None and not self.nameless:
            raise TypeError("a library must be named")
        super().__init__(name, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        if name in ("prctl", "renameat2", "mallopt", "gnu_get_libc_version"):
            raise AttributeError(name)
        return super().__getattr__(name)


def _open_binary(plain: Callable[..., int]) -> Callable[..., int]:
    """`os.open` that cannot open folders, and translates line ends unless O_BINARY is given."""

    def open_file(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        # Python's own `open` asks for binary data on every system.
        assert flags & (O_BINARY | BY_OPEN) or path == os.devnull, f"{path} is opened as text"
        return plain(path, flags, *arguments, **options)

    return open_file


def _refuse_open(plain: Callable[..., None]) -> Callable[..., None]:
    """A function that renames or removes, and fails for files that are open and folders that contain one."""

    def change(*arguments: Any, **options: Any) -> None:
        for path in arguments:
            real = os.path.realpath(path)
            if any(f"{each}/".startswith(f"{real}/") for each in _list_open()):
                raise PermissionError(errno.EACCES, "it is being used by another process", path)
        plain(*arguments, **options)

    return change


def _list_open() -> list[str]:
    """The paths of the files that this process has open or mapped."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except OSError:
            continue
    with open("/proc/self/maps") as maps:
        found += [line.split(maxsplit=5)[5].rstrip("\n") for line in maps if line.count("/")]
    return found


def main() -> None:
    """Runs the command lines, and exits with the code of the last one."""
    system, *words = sys.argv[1:]
    become(system)
    lines = [words] if words else [json.loads(line) for line in sys.stdin]
    # Imported only now: zm detects the features of the system when it is imported.
    from zm_cli import __main__ as zm
    from zm_cli.running.guard import stand_by

    code = 0
    for line in lines:
        sys.argv[1:] = line
        code = stand_by(zm._work, zm._remove_left_over)
        if not words:
            print(f"exit code {code}", file=sys.stderr, flush=True)
    os._exit(code)


if __name__ == "__main__":
    main()
