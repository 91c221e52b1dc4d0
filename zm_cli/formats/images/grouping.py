"""Groups of images (`--by class`): the class of each image, which is the folder that it is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.block import GroupTally, Labels
from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats.images.classes import Folders, find_folders
from zm_cli.formats.shared.options import BY
from zm_cli.formats.shared.split_names import mentions_training

CLASS = "class"
"""The only thing that images are grouped by."""


def find_groups(options: ReadOptions, path: str, every: Iterable[str]) -> Mapping[str, int] | None:
    """Returns the classes of the source at `path`, each with its position; None if groups are not asked for.

    `every` are the relative paths of the samples of all shards. Raises UsageError for groups other than classes, and if
    there are no classes.
    """
    asked = options.get(BY)
    if asked is None:
        return None
    if asked != CLASS:
        raise UsageError(f"images are grouped by class, not by '{asked}'", where="--by", hint=f"write --by {CLASS}")
    folders = find_folders(every)
    if not folders.classes:
        raise UsageError("its images are not in folders of classes", where=path, hint=_advise(folders))
    return {name: position for position, name in enumerate(folders.classes)}


def find_label(path: str, groups: Mapping[str, int]) -> str | None:
    """Returns the class of the image with this relative path; None if it is not in the folder of a class."""
    folder, _, name = path.partition("/")
    return folder if name and folder in groups else None


def label_images(paths: Sequence[str], groups: Mapping[str, int]) -> Labels:
    """Returns the labels of images by their relative paths; images outside the folders of classes have none."""
    labels = (find_label(path, groups) for path in paths)
    codes = np.array([-1 if label is None else groups[label] for label in labels], np.int64)
    return Labels(codes, tuple(groups)).drop_unused()


def tally_groups(
    paths: Iterable[str], counts: Mapping[str | None, NDArray[np.int64]], groups: Mapping[str, int]
) -> tuple[GroupTally, ...]:
    """Returns the `counts` of values by class, with the number of the images at these relative paths in each."""
    samples = Counter(find_label(path, groups) for path in paths)
    return tuple(GroupTally(label, counts[label], samples[label]) for label in groups if samples[label])


def _advise(folders: Folders) -> str:
    parted = [name for name in folders.splits if name in folders.parted]
    if parted:
        first = next(filter(mentions_training, parted), parted[0])
        return f"'{first}' is named like a split: give that folder itself"
    return "put the images of each class into a folder of its own"
