"""Names of splits are told from names that only contain such a word."""

from __future__ import annotations

import pytest

from zm_cli.formats.shared.split_names import is_held_out, is_split


@pytest.mark.parametrize("name", ["train", "Test", "VAL", "train2017", "test_images", "valSet", "x_train", "dev-data"])
def test_folders_named_like_splits(name: str) -> None:
    assert is_split(name)


@pytest.mark.parametrize("name", ["cat", "trains", "contest", "test_strips", "train station", "images", "latest", ""])
def test_folders_that_only_sound_like_splits(name: str) -> None:
    assert not is_split(name)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "test.csv",
            "iris_test.csv",
            "a/val.csv.gz",
            "test-00001.csv",
            "IrisTest.csv",
            "x_test.npy",
            "test_images.h5",
        ),
        *("my.test.csv", "test/data.csv", "data/validation/x.npy", "holdout.tsv"),
    ],
)
def test_files_named_like_held_out_data(path: str) -> None:
    assert is_held_out(path, file=True)


@pytest.mark.parametrize(
    "path",
    [
        *("train.csv", "contest.csv", "latest.csv", "attestation.csv", "test_train.csv", "test/train.csv", "data.csv"),
        *("/home/x/testing/prices.csv", "test_scores.csv", "my tests/data.csv", "-", "", "valid_emails.csv"),
    ],
)
def test_files_that_are_not(path: str) -> None:
    assert not is_held_out(path, file=True)


def test_folders_and_datasets_have_no_suffix() -> None:
    for path in ("val/", "data/test/images", "./test", "/test/x", "/x_test"):
        assert is_held_out(path, file=False), path
    for path in ("train/", "test/cat", "/x", "images", "/"):
        assert not is_held_out(path, file=False), path
