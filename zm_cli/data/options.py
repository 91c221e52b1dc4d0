"""Options of reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ReadOptions:
    """How a source is to be read, None where the user left the choice to the format.

    A format declares the ones it understands; the registry refuses the others by name.
    """

    mode: str | None = None
    lossy: bool | None = None
    """Whether a mode that was named may cut precision; None: it may, since somebody named it. Not on the command line:
    it replays whether the statistics were made so."""
    resize: tuple[int, int] | None = None
    """Width and height."""
    exif: bool | None = None
    dataset: str | None = None
    layout: str | None = None
    allow_external: bool | None = None
    """Whether values may come from other files that the file points to; never replayed from statistics."""
    columns: tuple[str, ...] | None = None
    """Names, ranges and patterns of columns that are to be features."""
    include: tuple[str, ...] | None = None
    """Patterns of files that are to be read, of all that are found."""
    exclude: tuple[str, ...] | None = None
    """Names, ranges and patterns of columns that are no features; patterns of files that are not to be read."""
    among: tuple[str, ...] | None = None
    """Columns that must all be there, and beside which none is a feature: those of statistics to apply."""
    files: tuple[str, ...] | None = None
    """The files to read, where the path is that of their common folder."""
    limit: int | None = None
    """Samples to read at most, from the first on."""
    delimiter: str | None = None
    encoding: str | None = None
    """What the text is stored in, by any name Python has for it. The text is the same: statistics do not record it."""
    header: bool | None = None
    null_values: tuple[str, ...] | None = None
    on_error: Literal["fail", "skip"] | None = None
    max_pixels: int | None = None
    """Pixels that a picture may claim to have. It guards memory and decides no value: statistics do not record it."""
