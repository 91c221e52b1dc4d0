"""Which outputs images can be written to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.formats.images.opened import open_images, write_images
from tests.formats.images.samples import save_photos
from zm_cli.errors import DataError, UsageError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return save_photos(tmp_path / "photos")


@pytest.mark.parametrize(
    ("output", "match"),
    [
        ("-", "standard output"),
        ("out.csv", r"images cannot be written as '\.csv'"),
        ("out.npy", "cannot hold a folder"),
        ("photos", "is the input itself"),
        ("photos/out", "lies inside the input"),
        ("photos/out.h5", "lies inside the input"),
        ("link/out", "lies inside the input"),
        (".", "holds the input"),
        ("no/such/out", "does not exist"),
        ("file", "is not a folder"),
    ],
)
def test_outputs_that_cannot_be_written_are_usage_errors(photos: Path, tmp_path: Path, output: str, match: str) -> None:
    (tmp_path / "link").symlink_to(photos, target_is_directory=True)
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=match):
        write_images(open_images(photos), output if output == "-" else str(tmp_path / output))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_zm_did_not_write_is_not_replaced(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="zm did not write"):
        write_images(open_images(photos), str(out))
    (out / "zm.json").write_text('{"format": "something else"}')
    with pytest.raises(UsageError, match="zm did not write"):
        write_images(open_images(photos), str(out))
    (out / "thesis.txt").rename(tmp_path / "thesis.txt")
    (out / "zm.json").unlink()
    write_images(open_images(photos), str(out))
    write_images(open_images(photos), str(out))
    assert (out / "cat" / "1.npy").exists()
    (tmp_path / "thesis.txt").rename(out / "thesis.txt")
    with pytest.raises(UsageError, match="not as zm left it"):
        write_images(open_images(photos), str(out))
    assert (out / "thesis.txt").exists()
    assert sorted(os.listdir(tmp_path)) == ["out", "photos"]


def test_an_empty_folder_is_replaced(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "out.d").mkdir()
    write_images(open_images(photos), str(tmp_path / "out.d"))
    assert (tmp_path / "out.d" / "zm.json").exists()


@pytest.mark.parametrize("format", ["h5", "npy", "tiff"])
def test_the_same_images_give_the_same_bytes(photos: Path, tmp_path: Path, format: str) -> None:
    found = []
    for name in ("one", "two"):
        output = tmp_path / name
        write_images(open_images(photos), str(output), format=format)
        files = sorted(path for path in output.rglob("*") if path.is_file()) if output.is_dir() else [output]
        found.append([(path.relative_to(output).as_posix(), path.read_bytes()) for path in files])
    assert found[0] == found[1]


@pytest.mark.parametrize("output", ["out.h5", "out/"])
def test_nothing_is_left_where_writing_fails(photos: Path, tmp_path: Path, output: str) -> None:
    broken = photos / "dog" / "1.png"
    broken.write_bytes(broken.read_bytes()[:50] + bytes(100))
    with pytest.raises(DataError):
        write_images(open_images(photos), f"{tmp_path}/{output}")
    assert os.listdir(tmp_path) == ["photos"]
