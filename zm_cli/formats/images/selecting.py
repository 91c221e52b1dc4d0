"""Which of the images of a folder are wanted: those of a list, by patterns of their paths, the first so many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


@dataclass(frozen=True)
class Selection:
    """Relative paths to take: all, or those of `files`; of these, those that a pattern of `include` matches and none of
    `exclude`; of these, the first `limit`.

    Patterns are those of .gitignore: `*.png` and `cat` match names at any depth, `train/*.png` whole paths, and what
    matches a folder matches everything in it.
    """

    files: tuple[str, ...] | None = None
    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    limit: int | None = None

    @classmethod
    def from_options(cls, options: ReadOptions) -> Selection:
        """The selection that the options ask for; UsageError, naming it, for a pattern that is none."""
        selection = cls(options.files, options.include, options.exclude, options.limit)
        for option, patterns in (("--include", options.include), ("--exclude", options.exclude)):
            for pattern in patterns or ():
                _compile((pattern,), option)
            if patterns and all(pattern.startswith(("!", "#")) for pattern in patterns):
                hint = "! takes back what a pattern before it matches; \\! and \\# stand for themselves"
                raise UsageError("has no pattern that matches anything", where=option, hint=hint)
        return selection

    def admits(self, path: str) -> bool:
        """Whether the patterns let a relative path pass."""
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
        raise UsageError(f"'{patterns[0]}' is no pattern", where=option, hint="write it as in .gitignore") from error
