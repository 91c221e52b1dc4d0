"""Folders directly below the root are classes, unless they are splits."""

from __future__ import annotations

import pytest

from zm_cli.formats.images.classes import find_folders


@pytest.mark.parametrize(
    ("paths", "classes", "splits"),
    [
        (["cat/1", "cat/young/2", "dog/1", "top"], ["cat", "dog"], []),
        (["a", "b"], [], []),
        (["train/cat/1", "test/cat/1"], [], ["test", "train"]),
        (["train/1", "val/1", "other/1"], [], ["train", "val"]),
        (["val/1", "test/1"], [], ["test", "val"]),
        (["train/1"], [], ["train"]),
        (["train/1", "extra/1"], [], ["train"]),
        (["train/cat/1", "bus/1", "car/1"], [], ["train"]),
        (["train/1", "bus/1", "car/1"], ["bus", "car", "train"], []),
        (["cat/1", "dog/1", "test/1"], ["cat", "dog"], ["test"]),
        (["latest/1", "contest/1"], ["contest", "latest"], []),
    ],
)
def test_splits_are_not_classes(paths: list[str], classes: list[str], splits: list[str]) -> None:
    found = find_folders(paths)
    assert (list(found.classes), list(found.splits)) == (classes, splits)


def test_images_are_counted_with_those_in_nested_folders() -> None:
    assert find_folders(["cat/1", "cat/young/2", "dog/3"]).classes == {"cat": 2, "dog": 1}
