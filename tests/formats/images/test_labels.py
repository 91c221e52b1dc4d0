"""Labels number the classes of the statistics, whichever of them the images have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import pytest

from tests.formats.images.samples import random_values, save_picture
from tests.inprocess import call_zm
from tests.pipeline.applying.writing import Made, measure_all, write
from zm_cli.errors import DataError
from zm_cli.pipeline.options import ApplyOptions

FORCE = ApplyOptions("center", force=True)


def save(folder: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        save_picture(folder, f"{name}.png", random_values((2, 2), seed=seed))
    return folder


def labels(path: Path) -> tuple[list[int] | None, list[str]]:
    with h5py.File(path) as file:
        found = file["labels"][:].tolist() if "labels" in file else None
        return found, list(file.attrs.get("classes", []))


def center(folder: Path, made: Made | None = None, how: ApplyOptions | None = None, **options: Sequence[str]) -> Made:
    stats = None if made is None else made.stats
    return write(folder, folder.parent / "out.h5", stats, how or ApplyOptions("center"), **options)


@pytest.fixture
def train(tmp_path: Path) -> Made:
    """Returns the statistics of images of the classes cat and dog."""
    return measure_all(save(tmp_path / "train", "cat/1", "dog/1"))


def test_a_test_set_without_a_class_keeps_the_numbers_of_the_others(train: Made, tmp_path: Path) -> None:
    told = center(save(tmp_path / "test", "dog/1", "top"), train).told
    assert labels(tmp_path / "out.h5") == ([1, -1], ["cat", "dog"])
    assert told == ["classes of the statistics without images here: 'cat'"]


def test_a_class_that_training_did_not_have_is_refused_by_name(train: Made, tmp_path: Path) -> None:
    folder = save(tmp_path / "test", "dog/1", "fox/1")
    with pytest.raises(DataError, match=r"a class that the statistics do not name: 'fox'; --exclude fox/ leaves"):
        center(folder, train)
    assert not (tmp_path / "out.h5").exists()
    center(folder, train, exclude=("fox/",))
    assert labels(tmp_path / "out.h5") == ([1], ["cat", "dog"])
    told = center(folder, train, FORCE).told
    assert labels(tmp_path / "out.h5") == ([1, -1], ["cat", "dog"])
    assert "classes that the statistics do not name, whose images get the label -1: 'fox'" in told


def test_a_misspelt_class_is_recognized(train: Made, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is 'cat' meant\?"):
        center(save(tmp_path / "test", "Cat/1"), train)


def test_a_folder_of_arrays_has_no_labels_to_be_wrong(train: Made, tmp_path: Path) -> None:
    write(save(tmp_path / "test", "fox/1"), tmp_path / "out", train.stats)
    assert (tmp_path / "out" / "fox" / "1.npy").exists()


def test_own_labels_are_those_of_the_statistics_even_where_all_images_of_a_class_are_skipped(tmp_path: Path) -> None:
    folder = save(tmp_path / "train", "ant/1", "cat/1", "dog/1")
    whole = (folder / "ant" / "1.png").read_bytes()
    (folder / "ant" / "1.png").write_bytes(whole[:-20] + bytes(20))
    made = center(folder, on_error="skip")
    assert made.stats.classes == ("ant", "cat", "dog")
    assert labels(tmp_path / "out.h5") == ([1, 2], ["ant", "cat", "dog"])
    assert "classes of the statistics without images here: 'ant'" in made.told


def test_pooled_sources_have_the_classes_of_all(tmp_path: Path) -> None:
    first, second = save(tmp_path / "a", "cat/1", "dog/1"), save(tmp_path / "b", "bee/1", "dog/1")
    pooled = measure_all(first, second)
    center(second, pooled)
    assert labels(tmp_path / "out.h5") == ([0, 2], ["bee", "cat", "dog"])


def test_statistics_that_name_no_classes_leave_the_numbering_to_the_images_and_say_so(tmp_path: Path) -> None:
    flat = measure_all(save(tmp_path / "flat", "1", "2"))
    folder = save(tmp_path / "test", "dog/1", "eel/1")
    told = center(folder, flat).told
    assert labels(tmp_path / "out.h5") == ([0, 1], ["dog", "eel"])
    assert told == [
        f"the statistics do not name classes; labels are numbered by those of {folder} alone: 'dog 0', 'eel 1'"
    ]


def test_statistics_of_another_kind_name_no_classes_either(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = random_values((3, 2, 2, 1))
    told = center(save(tmp_path / "test", "dog/1"), measure_all(tmp_path / "x.h5", layout="NHWC")).told
    assert (
        f"the statistics do not name classes; labels are numbered by those of {tmp_path / 'test'} alone: 'dog 0'"
        in told
    )


def test_a_method_without_statistics_numbers_the_classes_of_the_images_and_says_nothing(tmp_path: Path) -> None:
    folder = save(tmp_path / "test", "dog/1", "eel/1")
    ran = call_zm("scale", folder, "-o", tmp_path / "out.h5", "--method", "l2")
    assert ran.code == 0
    assert "statistics" not in ran.err
    assert labels(tmp_path / "out.h5") == ([0, 1], ["dog", "eel"])


def test_a_flat_folder_has_no_labels_and_says_so(train: Made, tmp_path: Path) -> None:
    told = center(save(tmp_path / "flat", "1"), train).told
    assert labels(tmp_path / "out.h5") == (None, [])
    assert told == [f"{tmp_path / 'flat'}: no image is in the folder of a class, so there are no labels"]


def test_an_inverse_gives_the_same_labels(train: Made, tmp_path: Path) -> None:
    write(save(tmp_path / "test", "dog/1"), tmp_path / "tree", train.stats, ApplyOptions("center"))
    center(tmp_path / "tree", train, ApplyOptions("center", inverse=True))
    assert labels(tmp_path / "out.h5") == ([1], ["cat", "dog"])


def test_no_labels_are_made_of_splits_and_it_is_said_how_to_get_them(tmp_path: Path) -> None:
    root = save(tmp_path / "root", "train/cat/1", "val/cat/1")
    made = center(root)
    assert made.stats.classes is None
    assert labels(tmp_path / "out.h5") == (None, [])
    assert made.told == [
        "'train', 'val' are named like splits and not taken for classes, so there are no labels; for labels, "
        f"write each alone: zm center {root / 'train'} -o train.h5, and the others with --stats train.h5.stats.json"
    ]


def test_splits_without_class_folders_are_not_advised_to_be_written_alone(tmp_path: Path) -> None:
    (told,) = center(save(tmp_path / "root", "train/1", "test/1")).told
    assert told == "'test', 'train' are named like splits and not taken for classes, so there are no labels"
    told = center(save(tmp_path / "mixed", "train/cat/1", "test/1")).told[0]
    assert told.endswith(f"zm center {tmp_path / 'mixed' / 'train'} -o train.h5")


def test_a_split_beside_classes_is_not_a_class(tmp_path: Path) -> None:
    told = center(save(tmp_path / "mixed", "cat/1", "dog/1", "test/1")).told
    assert labels(tmp_path / "out.h5") == ([0, 1, -1], ["cat", "dog"])
    assert told == [
        "'test' is named like a split and not taken for a class; images there get the label -1, "
        "--exclude test/ leaves them out"
    ]


def test_pictures_of_trains_are_a_class(tmp_path: Path) -> None:
    told = center(save(tmp_path / "vehicles", "bus/1", "car/1", "train/1")).told
    assert labels(tmp_path / "out.h5")[1] == ["bus", "car", "train"]
    assert told == ["'train' is taken for a class: it lies beside others and has no folders of its own"]
