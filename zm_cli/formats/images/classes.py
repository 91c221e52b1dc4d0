"""Finds classes: the names of the first-level folders that hold images, unless they are named like splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from zm_cli.formats.shared.split_names import is_split, mentions_training

ENOUGH_CLASSES = 2
"""A folder `train` beside at least so many others is a class: pictures of trains."""


class Folders(NamedTuple):
    """The first-level folders that hold images, each with its number of images, sorted by their names.

    `splits` are those that are named like splits; images in neither `classes` nor `splits` do not belong to a class.
    `parted` are the folders that hold folders with images, which may be classes in turn.
    """

    classes: dict[str, int]
    splits: dict[str, int]
    parted: frozenset[str]


def find_folders(paths: Iterable[str]) -> Folders:
    """Returns the first-level folders of some relative paths; none if all files are at the top.

    Folders that are named like splits are not classes, nor are other folders beside one for training data. One
    exception: a lone `train` without folders of its own, beside several other folders, is a class.
    """
    counts: Counter[str] = Counter()
    parted: set[str] = set()
    for path in paths:
        folder, slash, rest = path.partition("/")
        if slash:
            counts[folder] += 1
            if "/" in rest:
                parted.add(folder)
    folders = dict(sorted(counts.items()))
    splits = find_splits(folders, parted)
    classes = {} if any(map(mentions_training, splits)) else folders
    return Folders(
        {name: count for name, count in classes.items() if name not in splits},
        {name: folders[name] for name in splits},
        frozenset(parted),
    )


def find_folders_of_part(paths: Iterable[str], every: Iterable[str]) -> Folders:
    """Returns the folders of some of the paths; `every` path decides which folders are classes or splits."""
    counts = Counter(path.partition("/")[0] for path in paths)
    folders = find_folders(every)
    return Folders(
        {name: counts[name] for name in folders.classes if counts[name]},
        {name: counts[name] for name in folders.splits if counts[name]},
        folders.parted,
    )


def find_splits(folders: Collection[str], parted: Collection[str] = ()) -> tuple[str, ...]:
    """Returns which of the folders side by side are splits; `parted` are those that hold folders with images."""
    named = tuple(name for name in folders if is_split(name))
    others = len(folders) - len(named)
    if len(named) == 1 and mentions_training(named[0]) and named[0] not in parted and others >= ENOUGH_CLASSES:
        return ()
    return named
