"""The parts of image folders: cut by files, read as the whole is read, named as the whole would name them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.formats.images.opened import open_images, read_blocks, write_images
from tests.formats.images.samples import encode_picture, random_picture, random_values, save_picture
from zm_cli.data.shard import Shard
from zm_cli.errors import DataError
from zm_cli.formats.images.headers import read_header
from zm_cli.formats.images.source import ImageSource

COUNTS = [1, 2, 3, 7, 30]


def open_parts(path: Path, of: int, **options: Any) -> list[ImageSource]:
    return [open_images(path, shard=Shard(index, of), **options) for index in range(1, of + 1)]


def list_parts(path: Path, of: int, **options: Any) -> list[str]:
    return [name for source in open_parts(path, of, **options) for name in source.files]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Returns a folder of ten pictures in three classes, of one size, some of them gray."""
    folder = tmp_path / "photos"
    for index in range(10):
        name = f"{('cat', 'dog', 'owl')[index // 4]}/{index}.png"
        save_picture(folder, name, random_values((4, 5, 3), seed=index), "L" if index < 3 else "RGB")
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the files whose headers are read during the test."""
    names: list[str] = []

    def read(path: str, suffix: str, max_pixels: int) -> Any:
        names.append(Path(path).name)
        return read_header(path, suffix, max_pixels)

    monkeypatch.setattr("zm_cli.formats.images.header_runs.read_header", read)
    return names


@pytest.mark.parametrize("of", COUNTS)
@pytest.mark.parametrize("mode", [None, "RGB"])
def test_the_parts_are_the_whole_in_its_order(photos: Path, of: int, mode: str | None) -> None:
    whole = open_images(photos, mode=mode)
    assert list_parts(photos, of, mode=mode) == whole.files
    parts = open_parts(photos, of, mode=mode)
    assert {part.spec.samples for part in parts} <= {10 // of, -(-10 // of)}
    for index, part in enumerate(parts, 1):
        assert part.spec.shard == Shard(index, of)
        assert part.spec.sample_shape == whole.spec.sample_shape
        assert (part.spec.dtype, part.spec.decoding, part.spec.names, part.spec.limit) == (
            *(whole.spec.dtype, whole.spec.decoding, whole.spec.names),
            None,
        )
    np.testing.assert_array_equal(
        np.concatenate([block.values for part in parts for block in read_blocks(part)]),
        np.concatenate([block.values for block in read_blocks(whole)]),
    )


def test_cuts_do_not_depend_on_which_files_can_be_read(photos: Path) -> None:
    sound = [source.files for source in open_parts(photos, 3)]
    (photos / "cat" / "1.png").write_bytes(b"no picture")
    (photos / "owl" / "9.png").write_bytes(b"no picture")
    parts = open_parts(photos, 3, on_error="skip")
    bad = {"cat/1.png", "owl/9.png"}
    assert [source.files for source in parts] == [[name for name in names if name not in bad] for names in sound]
    assert [[skip.name for skip in source.facts().skipped] for source in parts] == [["cat/1.png"], [], ["owl/9.png"]]


def test_files_are_chosen_before_the_cut(photos: Path) -> None:
    assert [source.files for source in open_parts(photos, 2, include=("owl", "cat/1*"))] == [
        ["cat/1.png"],
        ["owl/8.png", "owl/9.png"],
    ]
    files = ("owl/9.png", "cat/0.png", "dog/4.png", "owl/8.png")
    assert [source.files for source in open_parts(photos, 2, files=files)] == [list(files[:2]), list(files[2:])]


def test_frames_of_one_file_stay_together(photos: Path) -> None:
    pages = [random_picture(width=5, height=4, seed=seed) for seed in range(9)]
    pages[0].save(photos / "cat" / "00.tif", save_all=True, append_images=pages[1:])
    parts = open_parts(photos, 2, frames="all")
    assert [source.spec.samples for source in parts] == [9 + 4, 6]
    assert [source.facts().others.get("frames") for source in parts] == ["9 in 1 file", None]
    assert list_parts(photos, 5, frames="all") == open_images(photos, frames="all").files


def test_all_parts_take_mode_and_size_of_the_whole(tmp_path: Path) -> None:
    for index in range(4):
        save_picture(tmp_path, f"{index}.png", random_values((4, 5 + (index == 3), 3), seed=index), "L")
    save_picture(tmp_path, "4.png", random_values((4, 5, 3)))
    for part in open_parts(tmp_path, 5):
        assert (part.spec.sample_shape, part.spec.decoding["mode"]) == ((None, None, 3), "RGB")


def test_an_error_of_the_whole_is_an_error_of_every_part(photos: Path) -> None:
    (photos / "owl" / "9.png").write_bytes(b"no picture")
    for index in range(1, 4):
        with pytest.raises(DataError, match=r"owl/9\.png"):
            open_images(photos, shard=Shard(index, 3))


def test_with_a_mode_only_the_headers_of_the_part_are_read(photos: Path, read: list[str]) -> None:
    (photos / "owl" / "9.png").write_bytes(b"no picture")
    source = open_images(photos, shard=Shard(2, 5), mode="L")
    assert source.files == ["cat/2.png", "cat/3.png"]
    assert read == ["2.png", "3.png"]
    with pytest.raises(DataError, match=r"owl/9\.png"):
        open_images(photos, shard=Shard(5, 5), mode="L")


@pytest.mark.parametrize("options", [{"limit": 8}, {"frames": "all"}, {"mode": None}])
def test_the_headers_of_all_are_read_where_they_matter(photos: Path, read: list[str], options: dict[str, Any]) -> None:
    open_images(photos, shard=Shard(2, 5), **{"mode": "RGB", **options})
    assert len(read) == options.get("limit", 10)


def test_the_headers_of_all_are_read_where_a_file_may_declare_values_that_mean_no_data(
    photos: Path, read: list[str]
) -> None:
    (photos / "owl" / "99.tif").write_bytes(encode_picture("TIFF"))
    open_images(photos, shard=Shard(1, 5), mode="RGB")
    assert len(read) == 11


@pytest.mark.parametrize("options", [{"limit": 7}, {"sample": 5}, {"sample": 4, "limit": 9, "seed": 3}, {"limit": 50}])
@pytest.mark.parametrize("of", [1, 3, 12])
def test_a_part_of_the_chosen_samples_is_taken(photos: Path, options: dict[str, int], of: int) -> None:
    assert list_parts(photos, of, **options) == open_images(photos, **options).files


def test_what_is_skipped_is_parted_too(photos: Path) -> None:
    for name in ("cat/0.png", "dog/5.png"):
        (photos / name).write_bytes(b"no picture")
    parts = open_parts(photos, 2, limit=7, on_error="skip")
    assert [[skip.name for skip in part.facts().skipped] for part in parts] == [["cat/0.png"], ["dog/5.png"]]


def test_files_of_which_something_would_be_lost_are_skipped_in_their_part(photos: Path) -> None:
    wide = random_values((4, 5, 3), "uint16")
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(photos / "dog" / "6.tif", wide, photometric="rgb")
    whole = open_images(photos, on_error="skip")
    parts = open_parts(photos, 3, on_error="skip")
    assert [name for part in parts for name in part.files] == whole.files
    skipped = [[skip.name for skip in part.facts().skipped] for part in parts]
    assert skipped == [[], [], ["dog/6.tif"]]
    assert whole.facts().skipped == parts[2].facts().skipped


@pytest.mark.parametrize("mode", [None, "RGB", "array"])
def test_a_part_without_files_is_like_the_others(photos: Path, mode: str | None) -> None:
    if mode == "array":
        for path in photos.rglob("*.png"):
            np.save(path.with_suffix(".npy"), random_values((4, 5, 6), "uint16"))
            path.unlink()
    whole = open_images(photos, mode=mode)
    empty = open_images(photos, mode=mode, shard=Shard(1, 11))
    assert (empty.files, empty.spec.samples, empty.nbytes) == ([], 0, 0)
    assert (empty.spec.sample_shape, empty.spec.dtype) == (whole.spec.sample_shape, whole.spec.dtype)
    assert list(empty.spans()) == []
    assert (empty.classes, empty.small_samples) == ((), False)
    facts = empty.facts()
    assert (facts.shapes, facts.types, facts.skipped, facts.notes) == ({}, {}, (), ())


def test_a_part_whose_files_cannot_be_read_is_like_the_others(photos: Path) -> None:
    for name in ("0.png", "1.png"):
        (photos / "cat" / name).write_bytes(b"no picture")
    part = open_images(photos, mode="RGB", on_error="skip", shard=Shard(1, 5))
    assert (part.spec.samples, part.spec.sample_shape) == (0, (4, 5, 3))
    assert len(part.facts().skipped) == 2


@pytest.mark.parametrize("mode", [None, "RGB"])
def test_a_folder_without_images_is_an_error_of_every_part(tmp_path: Path, mode: str | None) -> None:
    (tmp_path / "notes.txt").touch()
    for index in (1, 2):
        with pytest.raises(DataError, match=r"holds no image \(left out: 1 \.txt\)"):
            open_images(tmp_path, mode=mode, shard=Shard(index, 2))
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"holds no image \(left out: 1 \.txt, 1 unreadable"):
        open_images(tmp_path, mode=mode, on_error="skip", shard=Shard(1, 2))


@pytest.mark.parametrize("mode", [None, "RGB"])
def test_the_whole_decides_which_folders_are_classes(tmp_path: Path, mode: str | None) -> None:
    for name in ("bus", "car", "train"):
        for index in range(2):
            save_picture(tmp_path, f"{name}/{index}.png", random_values((4, 5, 3)))
    parts = open_parts(tmp_path, 3, mode=mode)
    assert [part.classes for part in parts] == [("bus",), ("car",), ("train",)]
    assert pickle.loads(pickle.dumps(parts[2])).classes == ("train",)
    assert parts[2].facts().classes == {"train": 2}
    save_picture(tmp_path, "val/0.png", random_values((4, 5, 3)))
    parts = open_parts(tmp_path, 7, mode=mode)
    assert {part.classes for part in parts} == {()}
    assert [part.facts().splits for part in parts][-2:] == [{"train": 1}, {"val": 1}]


@pytest.mark.parametrize("mode", [None, "RGB"])
def test_the_files_of_the_parts_have_the_names_that_the_whole_would_give_them(tmp_path: Path, mode: str | None) -> None:
    data = tmp_path / "data"
    for name in ("a/1.bmp", "a/1.png", "a/2.png", "b/1.png", "b/2.bmp", "b/2.png"):
        save_picture(data, name, random_values((4, 5, 3)))
    # By its name, it might be an image; then b/1.png would keep its suffix.
    (data / "b" / "1").write_text("no picture")

    def list_written(folder: Path) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*.npy")}

    (tmp_path / "parts").mkdir()
    write_images(open_images(data, mode=mode), f"{tmp_path}/whole/")
    for part in open_parts(data, 4, mode=mode):
        write_images(part, f"{tmp_path}/parts/{part.spec.shard.index if part.spec.shard else 0}/")
    parts = [list_written(folder) for folder in (tmp_path / "parts").iterdir()]
    assert set.union(*parts) == list_written(tmp_path / "whole")
    assert sum(map(len, parts)) == 6
    assert "b/1.npy" in set.union(*parts)


def test_a_copy_of_a_part_lists_the_same_files(photos: Path) -> None:
    for mode in (None, "RGB"):
        part = open_images(photos, shard=Shard(2, 3), mode=mode)
        copy = pickle.loads(pickle.dumps(part))
        assert (copy.files, copy.classes) == (part.files, part.classes)


def test_folders_that_cannot_be_listed_are_skipped_in_one_part(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "cow", "z"):
        (photos / name).mkdir()
    from zm_cli.formats.images.candidates import Candidates

    real = Candidates._list_folder

    def list_folder(self: Candidates, folder: str) -> Any:
        if Path(folder).name in ("a", "cow", "z"):
            raise PermissionError(13, "Permission denied")
        return real(self, folder)

    monkeypatch.setattr(Candidates, "_list_folder", list_folder)
    for mode in (None, "RGB"):
        whole = open_images(photos, on_error="skip", mode=mode)
        assert [skip.name for skip in whole.facts().skipped] == ["a/", "cow/", "z/"]
        for of in COUNTS:
            parts = open_parts(photos, of, on_error="skip", mode=mode)
            assert [skip for part in parts for skip in part.facts().skipped] == list(whole.facts().skipped)
