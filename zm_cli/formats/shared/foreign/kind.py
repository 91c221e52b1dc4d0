"""Foreign: a kind of files that zm does not read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zm_cli.formats.shared.foreign.ways import Advise


@dataclass(frozen=True)
class Foreign:
    """A kind of files that zm does not read, or not under such a name.

    `noun` is its name in sentences: "a Parquet file"; `advise` says what to do. `suffixes` are endings of names in
    lower case, `starts` possible first bytes; `matches` decides where those do not say enough. `kind` is the format of
    zm that reads such files, None where none does. With `may_be_packed`, the advice is right for a gzip file, too.
    """

    noun: str
    advise: Advise
    suffixes: tuple[str, ...] = ()
    starts: tuple[bytes, ...] = ()
    matches: Callable[[bytes], bool] | None = None
    kind: str | None = None
    may_be_packed: bool = False

    def begins(self, head: bytes) -> bool:
        """Whether a file with these first bytes is of this kind."""
        return any(map(head.startswith, self.starts)) or (self.matches is not None and self.matches(head))

    def describe(self) -> str:
        """What it is, after the name of the file."""
        return f"is {self.noun}" if self.kind else f"is {self.noun}, which zm does not read"
