"""The names of splits: tells which folders, files and datasets are named like training data, or like held-out data."""

from __future__ import annotations

import os
import re

from zm_cli.formats.shared.suffixes import find_suffix

TRAINING = frozenset({"train", "training", "trn"})
HELD_OUT = frozenset({"val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation", "holdout"})
BESIDE = frozenset(
    {"data", "dataset", "set", "split", "part", "fold", "batch", "full", "small", "clean", "raw", "new", "all"}
    | {"image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "label", "labels", "target"}
    | {"feature", "features", "value", "values", "sample", "samples", "row", "rows", "x", "y"}
)
"""Words that say nothing about the split if they stand beside its name: `test_images`, `x_test`, `val_set`."""
LEADING = frozenset({"val", "validation", "test", "testing", "holdout"})
"""Words that also name held-out data as the first word, if only words from BESIDE follow."""


def list_words(name: str) -> list[str]:
    """Returns the words of a name in lower case, without digits and signs: `valSet_2` gives val and set."""
    return [word.lower() for word in re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def mentions_training(name: str) -> bool:
    """Returns whether a word of the name stands for training data, and none for held-out data."""
    words = set(list_words(name))
    return not words.isdisjoint(TRAINING) and words.isdisjoint(HELD_OUT)


def mentions_held_out(name: str) -> bool:
    """Returns whether a word of the name stands for held-out data, and none for training data."""
    words = set(list_words(name))
    return not words.isdisjoint(HELD_OUT) and words.isdisjoint(TRAINING)


def is_split(name: str) -> bool:
    """Returns whether a folder has the name of a split and no other words: `train`, `val2017`, `test_images`."""
    words = set(list_words(name))
    return words <= TRAINING | HELD_OUT | BESIDE and not words.isdisjoint(TRAINING | HELD_OUT)


def is_held_out(path: str, *, file: bool) -> bool:
    """Returns whether the data at `path` are named like held-out data: their file, folder or dataset.

    The last part of the path decides. If it says nothing (`test/images`), the part above it counts, but only if it is
    nothing but the name of a split: a folder `my tests` may hold anything. `file` says that the last part has a suffix.
    """
    *above, last = [part for part in path.replace(os.sep, "/").split("/") if part not in ("", ".")] or [""]
    words = list_words(last.removesuffix(find_suffix(last)) if file else last)
    if not TRAINING.isdisjoint(words):
        return False
    plain = [word for word in words if word not in BESIDE]
    if plain:
        return plain[-1] in HELD_OUT or (len(plain) == 1 and plain[0] in LEADING)
    return bool(above) and set(list_words(above[-1])) <= HELD_OUT and bool(list_words(above[-1]))
