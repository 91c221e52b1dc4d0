"""Images written as array files: a folder of them, or one."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.formats.images.opened import RECEIPT, open_images, read_pixels, write_images
from tests.formats.images.samples import random_values, save_picture
from zm_cli.data.block import Block
from zm_cli.data.sink import Sink, WriteOptions
from zm_cli.errors import DataError
from zm_cli.formats.images.tree_sink import digest_names, sum_sizes


@pytest.mark.parametrize(("format", "suffix"), [(None, "npy"), ("npy", "npy"), ("tiff", "tiff")])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_folder_has_the_paths_of_the_source_and_can_be_read_back(
    tmp_path: Path, format: str | None, suffix: str, dtype: str, channels: int
) -> None:
    values = random_values((2, 4, 5, channels)).astype("float64") / 3 - 20
    (tmp_path / "in" / "cat").mkdir(parents=True)
    for index in range(2):
        np.save(tmp_path / "in" / "cat" / f"{index}.npy", values[index])
    write_images(open_images(tmp_path / "in"), f"{tmp_path}/out/", dtype, format)
    out = tmp_path / "out"
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        f"cat/0.{suffix}",
        f"cat/1.{suffix}",
        "zm.json",
    ]
    load = np.load if suffix == "npy" else tifffile.imread
    first = load(out / "cat" / f"0.{suffix}")
    assert first.dtype == dtype
    np.testing.assert_array_equal(first.reshape(4, 5, channels), values[0].astype(dtype))
    back = open_images(out)
    assert (back.receipt, back.spec.dtype, back.facts().left_out) == (
        {**RECEIPT, "files": digest_names(out), "bytes": sum_sizes(out)},
        np.dtype(dtype),
        0,
    )
    np.testing.assert_array_equal(read_pixels(back), values.astype(dtype))


def test_names_that_would_collide_keep_their_suffix(tmp_path: Path) -> None:
    for index, name in enumerate(["a.bmp", "a.png", "b.png", "a.png.png", "c/a.png"]):
        save_picture(tmp_path / "in", name, np.full((2, 2), index, np.uint8))
    write_images(open_images(tmp_path / "in"), str(tmp_path / "out"))
    written = {
        path.relative_to(tmp_path / "out").as_posix(): int(np.load(path).flat[0])
        for path in (tmp_path / "out").rglob("*.npy")
    }
    assert written == {"a.bmp.npy": 0, "a.png.npy": 1, "b.npy": 2, "a.png.png.npy": 3, "c/a.npy": 4}


@pytest.mark.parametrize("name", ["out.npy", "out.tiff", "out.tif"])
def test_one_image_can_be_written_as_one_array_file(tmp_path: Path, name: str) -> None:
    values = random_values((4, 5, 3))
    write_images(open_images(save_picture(tmp_path, "a.png", values)), str(tmp_path / name))
    read = np.load(tmp_path / name) if name.endswith("npy") else tifffile.imread(tmp_path / name)
    np.testing.assert_array_equal(read, values.astype(np.float32))


def open_tree(folder: Path) -> tuple[Sink, Block]:
    """Returns a sink for a folder with one image in a class, and the block of that image."""
    save_picture(folder / "in", "cat/a.png", random_values((4, 5, 3)))
    source = open_images(folder / "in")
    sink = source.create_sink(f"{folder}/out/", WriteOptions(np.dtype("float32"), RECEIPT))
    return sink, source.read(next(source.spans()))


def test_a_worker_elsewhere_writes_the_files_itself(tmp_path: Path) -> None:
    sink, block = open_tree(tmp_path)
    elsewhere = pickle.loads(pickle.dumps(sink))
    assert elsewhere.encodes_to == sink.encodes_to
    encoded = elsewhere.encode(block)
    assert encoded == [("cat/a.npy", 368)]
    # A worker that only seems to have died writes the same once more.
    sink.write(sink.encode(block))
    assert elsewhere.encode(block) == encoded
    sink.commit()
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "cat" / "a.npy"), block.values[0])


def test_a_file_that_another_worker_has_completed_is_never_emptied(tmp_path: Path) -> None:
    sink, block = open_tree(tmp_path)
    sink.encode(block)
    with (Path(sink.encodes_to or "") / "cat" / "a.npy").open("rb") as file:
        complete = file.read()
        sink.encode(block)
        file.seek(0)
        assert file.read() == complete
    sink.discard()


def test_a_worker_does_not_make_the_folder_again_when_it_is_gone(tmp_path: Path) -> None:
    sink, block = open_tree(tmp_path)
    sink.discard()
    with pytest.raises(DataError, match="cannot be written: No such file or directory"):
        sink.encode(block)
    assert os.listdir(tmp_path) == ["in"]


def test_a_file_that_was_written_somewhere_else_is_missed(tmp_path: Path) -> None:
    sink, block = open_tree(tmp_path)
    sink.write(sink.encode(block))
    (Path(sink.encodes_to or "") / "cat" / "a.npy").unlink()
    with pytest.raises(DataError, match="1 files were written, 0 are there; do all workers write to the same"):
        sink.commit()
    sink.discard()
    assert os.listdir(tmp_path) == ["in"]
