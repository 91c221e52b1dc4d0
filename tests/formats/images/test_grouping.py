"""Groups of images: the class of each, also of frames, in shards and lists of files; not where there are no classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.formats.images.opened import open_images, read_blocks
from tests.formats.images.samples import random_values, save_photos, save_picture
from zm_cli.data.shard import Shard
from zm_cli.errors import UsageError
from zm_cli.formats.images.grouping import label_images


def labels_of(path: Path, **options: Any) -> list[str | None]:
    found: list[str | None] = []
    for block in read_blocks(open_images(path, by="class", **options)):
        assert block.labels is not None
        found += [block.labels.names[code] if code >= 0 else None for code in block.labels.codes]
    return found


def test_images_have_the_class_of_their_folder(tmp_path: Path) -> None:
    photos = save_photos(tmp_path / "photos")
    assert labels_of(photos) == ["cat", "cat", "dog", None]
    assert labels_of(photos, exclude=("cat/",)) == ["dog", None]
    assert labels_of(photos, files=("dog/1.png", "cat/2.png")) == ["dog", "cat"]
    assert [labels_of(photos, shard=Shard(part, 2)) for part in (1, 2)] == [["cat", "cat"], ["dog", None]]


def test_splits_are_not_classes(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png"):
        save_picture(tmp_path, name, random_values((4, 5, 3)))
    with pytest.raises(UsageError, match="not in folders of classes; 'train' is named like a split: give that folder"):
        open_images(tmp_path, by="class")
    assert labels_of(tmp_path / "train") == ["cat", "dog"]


def test_images_that_are_left_out_have_no_labels(tmp_path: Path) -> None:
    photos = save_photos(tmp_path / "photos")
    data = (photos / "cat/2.png").read_bytes()
    (photos / "cat/2.png").write_bytes(data[: len(data) // 2])
    assert labels_of(photos, on_error="skip") == ["cat", "dog", None]


def test_every_frame_has_the_class_of_its_file(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        frames = [Image.fromarray(random_values((4, 5), seed=seed)) for seed in range(3)]
        frames[0].save(tmp_path / kind / "pages.tif", save_all=True, append_images=frames[1:])
    assert labels_of(tmp_path, frames="all") == ["cat"] * 3 + ["dog"] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "label"}, "--by: images are grouped by class, not by 'label'; write --by class"),
        ({"by": "class", "include": ("*.jpg",)}, "holds no image"),
    ],
)
def test_other_groups_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        open_images(save_photos(tmp_path / "photos"), **options)


def test_without_classes_there_are_no_groups(tmp_path: Path) -> None:
    save_picture(tmp_path, "1.png", random_values((4, 5, 3)))
    with pytest.raises(UsageError, match="its images are not in folders of classes; put the images of each class"):
        open_images(tmp_path, by="class")
    with pytest.raises(UsageError, match="not in folders of classes"):
        open_images(tmp_path / "1.png", by="class")


def test_a_file_that_is_called_like_a_class_is_not_in_it() -> None:
    labels = label_images(["cat", "dog/1.png", "bird/1.png"], {"cat": 0, "dog": 1})
    np.testing.assert_array_equal(labels.codes, [-1, 0, -1])
    assert labels.names == ("dog",)
