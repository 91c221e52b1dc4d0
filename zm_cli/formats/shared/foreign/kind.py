"""Foreign: a kind of files that zm does not read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from zm_cli.formats.shared.foreign.ways import Advise


@dataclass(frozen=True)
class Foreign:
    """A kind of files that zm does not read, or not if they are named so.

    `noun` is its name in sentences: "a Parquet file"; `advise` says what to do. `suffixes` are endings of names in
    lower case, `starts` possible first bytes; `matches` decides if those do not tell enough. `kind` is the format of zm
    that reads such files, None if there is none. With `may_be_packed`, the advice also works for a gzip file.
    """

    noun: str
    advise: Advise
    suffixes: tuple[str, ...] = ()
    starts: tuple[bytes, ...] = ()
    matches: Callable[[bytes], bool] | None = None
    kind: str | None = None
    may_be_packed: bool = False

    def begins(self, head: bytes) -> bool:
        """Returns whether a file with these first bytes is of this kind."""
        return any(map(head.startswith, self.starts)) or (self.matches is not None and self.matches(head))

    def describe(self) -> str:
        """Returns what the file is, as the rest of a sentence that begins with its name."""
        return f"is {self.noun}" if self.kind else f"is {self.noun}, which zm does not read"
