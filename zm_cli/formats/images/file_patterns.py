"""Selects images of a folder: by a list of files, by patterns of their paths, and by a maximum number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats.images.options import INCLUDE
from zm_cli.formats.shared.options import EXCLUDE, FILES, LIMIT

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True)
class Selection:
    """Which relative paths to read.

    Those of all paths, or of `files` if given, that match a pattern of `include` and none of `exclude`; of these, the
    first `limit`. Patterns are written as in .gitignore: `*.png` and `cat` match names at any depth, `train/*.png`
    matches whole paths, and a pattern that matches a folder matches everything in it.
    """

    files: tuple[str, ...] | None = None
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    limit: int | None = None

    @classmethod
    def from_options(cls, options: ReadOptions) -> Selection:
        """Returns the selection that the options ask for. Raises UsageError for an invalid pattern, naming it."""
        selection = cls(options.get(FILES), options.get(INCLUDE), options.get(EXCLUDE), options.get(LIMIT))
        for option, patterns in (("--include", selection.include), ("--exclude", selection.exclude)):
            for pattern in patterns or ():
                _compile((pattern,), option)
            if patterns and all(pattern.startswith(("!", "#")) for pattern in patterns):
                hint = "! only exempts what an earlier pattern matches; write \\! or \\# for a name that begins so"
                raise UsageError("has no pattern that matches anything", where=option, hint=hint)
        return selection

    def admits(self, path: str) -> bool:
        """Returns whether a relative path is selected by the patterns."""
        wanted = self._included is None or self._included.match_file(path)
        return wanted and not (self._excluded is not None and self._excluded.match_file(path))

    @cached_property
    def _included(self) -> GitIgnoreSpec | None:
        return _compile(self.include, "--include") if self.include else None

    @cached_property
    def _excluded(self) -> GitIgnoreSpec | None:
        return _compile(self.exclude, "--exclude") if self.exclude else None


def _compile(patterns: tuple[str, ...], option: str) -> GitIgnoreSpec:
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise UsageError(f"'{patterns[0]}' is not a pattern", where=option, hint="write it as in .gitignore") from error
