"""Packs a written array into a copy of an archive, in place of the array of the same name."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import IO

from zm_cli.formats.npy.choose import SUFFIX
from zm_cli.formats.npy.mapped import COPY_BYTES

LARGE_MEMBER = 1 << 30
"""The size in bytes from which a member is written with 64-bit size fields, which allow more than 4 GB."""


def pack_archive(source: str, name: str, array: Path, target: Path, *, alone: bool = False) -> None:
    """Writes the archive at `source` to `target`, with the file at `array` as its array `name`. Members keep their
    order and compression; with `alone`, the other ones are left out. Raises the errors of `zipfile`."""
    own, nbytes = name + SUFFIX, array.stat().st_size
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            if alone and info.filename != own:
                continue
            if info.filename == own:
                # No time stamp: the same data give the same bytes.
                made = zipfile.ZipInfo(own)
                stream: IO[bytes] = array.open("rb")
            else:
                made = zipfile.ZipInfo(info.filename, info.date_time)
                stream = old.open(info)
            made.compress_type, made.external_attr = info.compress_type, info.external_attr
            large = max(info.file_size, nbytes) >= LARGE_MEMBER
            with stream, new.open(made, "w", force_zip64=large) as member:
                shutil.copyfileobj(stream, member, COPY_BYTES)
