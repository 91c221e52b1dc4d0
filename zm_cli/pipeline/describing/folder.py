"""Surveys a folder: how many files of which kinds there are."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from zm_cli.data.survey import Content, Survey
from zm_cli.errors import ZmError
from zm_cli.formats import detect, formats
from zm_cli.formats.shared.foreign import find_by_content, find_foreign
from zm_cli.formats.shared.foreign.kind import Foreign
from zm_cli.formats.shared.options import FILES
from zm_cli.formats.shared.split_names import mentions_training
from zm_cli.formats.shared.suffixes import find_suffix
from zm_cli.inputs.name_lists import list_few
from zm_cli.pipeline.applying.parts_record import list_parts

MAX_FILES = 100_000
"""The most files that are looked at."""
MAX_EXAMPLES = 3
"""The most files of a kind that are named."""
READ, UNREAD, UNKNOWN = range(3)
"""The order of kinds: those that zm reads, those that it names, and others."""


@dataclass
class _Files:
    """The files of one kind; `paths` are relative to the folder. `foreign` is their kind if zm does not read it."""

    order: int
    foreign: Foreign | None = None
    paths: list[str] = field(default_factory=list)
    nbytes: int = 0


def survey_folder(path: str) -> Survey:
    """Returns the files of the folder at `path` by kind; hidden files are left out."""
    groups, total = _group_files(path)
    contents = tuple(
        Content(
            name=list_few(files.paths, MAX_EXAMPLES),
            type=kind,
            nbytes=files.nbytes,
            count=len(files.paths),
            usable=files.order == READ,
            remark="zm does not read it" if files.order == UNREAD else "",
        )
        for kind, files in groups.items()
    )
    parts = list_parts(path)
    facts = {"files": f"{total:,}" + (" and more" if total == MAX_FILES else "")}
    # The images of a folder are one dataset, other files are one each.
    together = {entry.kind for entry in formats().values() if FILES.name in entry.option_names}
    choices = sum(1 if kind in together else len(files.paths) for kind, files in groups.items() if files.order == READ)
    if parts is not None:
        suffix = find_suffix(parts[0].lower())
        command = f"zm join {shlex.quote(path.rstrip('/'))} -o whole{suffix}"
        return Survey(
            "folder of parts",
            "for example",
            tuple(content for content in contents if content.usable),
            len(parts),
            f"join its {len(parts):,} parts: {command}",
            facts | {"parts": f"{len(parts):,}"},
        )
    return Survey(
        "folder" if total else "empty folder",
        "for example",
        contents,
        choices,
        _advise(path, list(groups.items())),
        facts,
    )


def list_other_files(path: str, kind: str) -> str:
    """Returns a list of the files in a folder that are of other kinds than `kind`, with examples; empty without any."""
    groups, _ = _group_files(path)
    return ", ".join(
        f"{len(files.paths):,} {other} ({list_few(files.paths, MAX_EXAMPLES)})"
        for other, files in groups.items()
        if other != kind
    )


def _group_files(folder: str) -> tuple[dict[str, _Files], int]:
    """Returns the files below a folder by kind, the likeliest data first, and their number."""
    groups: dict[str, _Files] = {}
    known: dict[str, tuple[str, int, Foreign | None]] = {}
    total = 0
    for path, nbytes in _walk(folder):
        suffix = find_suffix(path.lower())
        # Files with the same suffix are of one kind. A file without a suffix is recognized by its content.
        if not suffix or suffix not in known:
            known[suffix] = _name_kind(os.path.join(folder, path), suffix)
        kind, order, foreign = known[suffix]
        files = groups.setdefault(kind, _Files(order, foreign))
        files.paths.append(path)
        files.nbytes += nbytes
        total += 1
        if total == MAX_FILES:
            break
    # The first kind is proposed: one that zm reads, and of those the one with the most files.
    ordered = sorted(groups.items(), key=lambda group: (group[1].order, -len(group[1].paths)))
    return dict(ordered), total


def _walk(folder: str) -> Iterator[tuple[str, int]]:
    """Yields the relative path and the size of each file in a folder. A folder that is a dataset counts as a file."""
    seen: set[str] = set()
    for above, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        real = os.path.realpath(above)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        stores = [name for name in folders if find_by_content(os.path.join(above, name))]
        folders[:] = [name for name in folders if name not in stores]
        for name in [*stores, *sorted(name for name in files if not name.startswith("."))]:
            full = os.path.join(above, name)
            try:
                size = os.path.getsize(full) if os.path.isfile(full) else 0
            except OSError:
                size = 0
            yield os.path.relpath(full, folder), size


def _name_kind(path: str, suffix: str) -> tuple[str, int, Foreign | None]:
    """Returns the name of a file's kind, its place in the order of kinds, and the kind if zm does not read it."""
    foreign = find_foreign(path)
    try:
        kind = None if os.path.isdir(path) else detect(path).kind
    except ZmError:
        kind = None
    if foreign is not None and foreign.kind is None:
        return foreign.noun.partition(" ")[2], UNREAD, foreign
    kind = kind if foreign is None else foreign.kind
    return (kind, READ, None) if kind else (suffix or "without a suffix", UNKNOWN, None)


def _advise(folder: str, ordered: list[tuple[str, _Files]]) -> str:
    """Returns how to go on: the data that are probably meant, or how to convert data that zm does not read."""
    if not ordered or ordered[0][1].order == UNKNOWN:
        *nouns, last = (entry.noun for entry in formats().values())
        return f"there is nothing that zm reads: {', '.join(nouns)} or {last}"
    files = ordered[0][1]
    training = [path for path in files.paths if mentions_training(path)]
    first = os.path.join(folder, (training or files.paths)[0])
    if files.foreign is not None:
        return files.foreign.advise(first)
    suffix = find_suffix(files.paths[0].lower())
    alike = all(path.endswith(suffix) and os.path.basename(path) == path for path in files.paths)
    if training or len(files.paths) == 1 or not alike:
        return f"try: zm inspect {shlex.quote(first)}"
    everything = f"{shlex.quote(folder.rstrip('/'))}/*{suffix}"
    return f"try: zm inspect {shlex.quote(first)}, or all of them together: zm stats {everything}"
