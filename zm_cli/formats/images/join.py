"""Joins the parts of a folder of arrays: puts all their files into one folder, as hard links if possible."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from zm_cli.data.format import JoinRequest
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.images.create import check_replaceable
from zm_cli.formats.images.listing import RECEIPT
from zm_cli.formats.images.tree_sink import digest_names, list_outputs
from zm_cli.outputs.draft import Draft


def join_trees(request: JoinRequest) -> Sequence[str]:
    """Makes a folder with the files of all parts, and the receipt of the whole.

    Files are hard links if the file system has them and no copy is asked for, else copies. Returns no notes. Raises
    UsageError for an output that exists and that zm did not write, DataError if two parts have a file of one name or
    the file system refuses.
    """
    if not all(os.path.isdir(part.path) for part in request.parts):
        raise UsageError("is one array, which is not cut into parts", where=request.parts[0].path)
    check_replaceable(request.output)
    draft = Draft(Path(request.output), folder=True)
    with draft.writing():
        nbytes = 0
        for part in request.parts:
            nbytes += _take_files(part.path, draft.path, copy=request.copy)
            request.tick()
        whole = {**request.receipt, "files": digest_names(draft.path), "bytes": nbytes}
        (draft.path / RECEIPT).write_bytes((json.dumps(whole, sort_keys=True, indent=1) + "\n").encode())
    draft.commit()
    return ()


def _take_files(source: str, target: Path, *, copy: bool) -> int:
    """Puts the files of the folder `source` into `target`; returns their size in bytes."""
    nbytes, folders = 0, set[Path]()
    for name in list_outputs(source):
        path = target / name
        if path.parent not in folders:
            path.parent.mkdir(parents=True, exist_ok=True)
            folders.add(path.parent)
        _take_file(os.path.join(source, name), path, copy=copy)
        nbytes += path.stat().st_size
    return nbytes


def _take_file(source: str, path: Path, *, copy: bool) -> None:
    if path.exists():
        raise DataError("is in two parts", where=source, hint="they are not parts of one output")
    if not copy:
        # The file system may have no links, or not be the same one.
        with suppress(OSError):
            os.link(source, path)
            return
    shutil.copyfile(source, path)
