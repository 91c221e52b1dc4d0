"""The suffixes of files, with those of compression."""

from __future__ import annotations

import os

COMPRESSED = (".gz", ".zst", ".bz2", ".xz")
"""The suffixes of compressed files."""


def find_suffix(path: str) -> str:
    """Returns the suffix of a file as it is spelled, of a compressed file with the one before it: `.csv.gz`."""
    stem, suffix = os.path.splitext(path)
    return os.path.splitext(stem)[1] + suffix if suffix.lower() in COMPRESSED else suffix
