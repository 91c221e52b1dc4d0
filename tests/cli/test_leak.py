"""Measuring training data together with held-out data causes a warning that says what to do instead."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.shell import run_zm
from tests.systems import slow


def make_images(root: Path, *folders: str) -> None:
    for folder in folders:
        (root / folder).mkdir(parents=True)
        Image.fromarray(np.arange(4, dtype=np.uint8).reshape(2, 2)).save(root / folder / "a.png")


@slow
@pytest.mark.parametrize(
    ("folders", "listed"),
    [
        (("train/cat", "val/cat"), "'train', 'val'"),
        (("Training", "Validation", "Test"), "'Training', 'Test', 'Validation'"),
        (("train2017", "test2017"), "'train2017', 'test2017'"),
        (("train", "cat"), None),
        (("val", "test"), None),
        (("trains", "contest"), None),
        (("animals/train", "animals/test"), None),
        (("train_test", "other"), None),
    ],
)
def test_folders_named_like_splits_cause_a_warning(
    tmp_path: Path, folders: tuple[str, ...], listed: str | None
) -> None:
    make_images(tmp_path / "my data", *folders)
    for arguments in (("stats", "my data"), ("center", "my data", "-o", "out.h5")):
        ran = run_zm(*arguments, cwd=tmp_path)
        assert ran.code == 0
        assert ran.err.count("warning: measured together: ") == (listed is not None)
        if listed:
            first = folders[0].partition("/")[0]
            assert f"measured together: {listed}; " in ran.err
            assert f"(zm stats 'my data/{first}' -o train.stats.json)" in ran.err


@slow
def test_the_warning_is_in_the_document_and_absent_for_a_single_split(tmp_path: Path) -> None:
    make_images(tmp_path, "d/train", "d/val")
    assert len(json.loads(run_zm("stats", "d", "--json", "-q", cwd=tmp_path).out)["warnings"]) == 1
    for arguments in (("d/train",), ("d", "--include", "train"), ("d", "--exclude", "val")):
        assert run_zm("stats", *arguments, cwd=tmp_path).err == ""
    run_zm("stats", "d/train", "-o", "s.json", cwd=tmp_path)
    assert "together" not in run_zm("center", "d", "--stats", "s.json", "-o", "out.h5", cwd=tmp_path).err
    assert run_zm("inspect", "d", cwd=tmp_path).err == ""


def test_sources_named_like_splits_cause_it_too(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("a\n1\n2\n")
    assert "measure train.csv alone" in run_zm("stats", "test.csv", "train.csv", cwd=tmp_path).err
    for split in ("train", "test"):
        (tmp_path / "train_data" / split).mkdir(parents=True)
        (tmp_path / "train_data" / split / "data.csv").write_text("a\n1\n2\n")
    paths = [f"train_data/{split}/data.csv" for split in ("train", "test")]
    assert "'train/data.csv', 'test/data.csv'" in run_zm("stats", *paths, cwd=tmp_path).err
