"""What is decoded: rotation, resizing, the first of several frames, and damaged files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.formats.images.opened import open_images, read_blocks, read_pixels
from tests.formats.images.samples import encode_picture, random_picture, random_values, save_picture
from tests.systems import needs_fifo
from zm_cli.errors import DataError


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("turn", range(2, 9))
def test_exif_rotation_is_applied_only_when_asked_for(tmp_path: Path, suffix: str, turn: int) -> None:
    exif = Image.Exif()
    exif[274] = turn
    options: dict[str, Any] = {"lossless": True} if suffix == "webp" else {}
    path = save_picture(tmp_path, f"a.{suffix}", random_values((8, 16, 3)), exif=exif, **options)
    stored = np.asarray(Image.open(path).convert("RGB"))
    # By the definition of the tag: where the first row and the first column are to be displayed.
    upright = {
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: stored[::-1].transpose(1, 0, 2),
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: stored[:, ::-1].transpose(1, 0, 2),
    }[turn]
    plain, turned = open_images(tmp_path), open_images(tmp_path, exif=True)
    assert any("--exif applies it" in note for note in plain.facts().notes)
    assert not turned.facts().notes
    np.testing.assert_array_equal(read_pixels(plain)[0], stored)
    assert turned.spec.sample_shape == upright.shape
    np.testing.assert_array_equal(read_pixels(turned)[0], upright)


def test_resizing_gives_one_size_and_is_recorded(tmp_path: Path) -> None:
    for index, shape in enumerate([(4, 6, 3), (8, 2, 3)]):
        save_picture(tmp_path, f"{index}.png", np.full(shape, 50 * (index + 1), np.uint8))
    source = open_images(tmp_path, resize=(3, 5))
    assert source.spec.sample_shape == (5, 3, 3)
    assert source.spec.decoding == {
        "mode": "RGB", "lossy": False, "resize": [3, 5], "exif": False, "as_stored": False, "frames": "first",
    }  # fmt: skip
    assert source.facts().shapes == {"3x5": 2}
    expected = np.stack([np.full((5, 3, 3), 50 * (index + 1)) for index in range(2)])
    np.testing.assert_array_equal(read_pixels(source), expected)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_resizing_keeps_the_precision_of_deep_gray(tmp_path: Path, dtype: str) -> None:
    values = np.array([[1000, 3001], [1000, 3001]], dtype)
    tifffile.imwrite(tmp_path / "a.tif", values)
    read = read_pixels(open_images(tmp_path, resize=(1, 1)))
    assert read.dtype == dtype
    # The mean of the values; an integer may be rounded either way.
    assert abs(float(read.item()) - 2000.5) <= 0.5


def test_the_first_of_several_frames_is_read_and_a_note_says_so(tmp_path: Path) -> None:
    first, second = Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 200)
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    first.save(tmp_path / "b.tif", save_all=True, append_images=[second])
    first.save(tmp_path / "c.png", save_all=True, append_images=[second])
    first.save(tmp_path / "d.png")
    source = open_images(tmp_path)
    note = "3 files hold several frames or pages; the first is read, --frames all makes each a sample"
    assert note in source.facts().notes
    assert (read_pixels(source) == 10).all()


# Damaged files


def make_damaged_files() -> dict[str, tuple[str, bytes]]:
    """Returns the name and the contents of files, by what is wrong with them."""
    picture = random_picture(width=40, height=40)
    png, jpeg = encode_picture("PNG", picture), encode_picture("JPEG", picture)
    lzw = encode_picture("TIFF", picture, compression="tiff_lzw")
    return {
        "empty": ("x.png", b""),
        "text": ("x.png", b"this is a text, not a picture, whatever its name says"),
        "truncated header": ("x.png", png[:20]),
        "truncated": ("x.jpg", jpeg[: len(jpeg) // 2]),
        "corrupt": ("x.png", png[:60] + bytes(len(png) - 60)),
        "text tiff": ("x.tif", b"this is not a TIFF"),
        "truncated tiff": ("x.tif", b"II*\0\x08\0\0\0"),
        "corrupt npy": ("x.npy", b"\x93NUMPY\x01\0\x10\0{'descr': '<f4', ("),
        "corrupt lzw": ("x.tif", lzw[:60] + bytes([255, 77]) * 300 + lzw[660:]),
        "truncated npy": ("x.npy", b"\x93NUMPY\x01\0\x10\0"),
    }


@pytest.mark.parametrize(("name", "data"), make_damaged_files().values(), ids=make_damaged_files())
def test_a_damaged_file_is_an_error_that_names_it_or_is_skipped(
    tmp_path: Path, name: str, data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    values = random_values((40, 40, 3), seed=9)
    save_picture(tmp_path, "a.png", values)
    save_picture(tmp_path, "z.png", values)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=rf"{name}: .*--on-error skip") as caught:
        read_blocks(open_images(tmp_path))
    assert " at 0x" not in str(caught.value)
    source = open_images(tmp_path, on_error="skip")
    read = read_blocks(source)
    np.testing.assert_array_equal(np.concatenate([block.values for block in read]), np.stack([values, values]))
    assert [name for block in read for name in block.carried] == ["a.png", "z.png"]
    skipped = [skip.name for block in read for skip in block.skipped] + [skip.name for skip in source.facts().skipped]
    assert skipped == [name]
    assert capfd.readouterr() == ("", "")


def test_the_format_of_a_picture_is_found_by_its_contents(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_picture("JPEG"))
    np.testing.assert_array_equal(read_pixels(open_images(tmp_path))[0], np.asarray(Image.open(tmp_path / "a.png")))
    (tmp_path / "b.jpg").write_text("a text")
    with pytest.raises(DataError, match=r"b\.jpg: is not an image that can be identified"):
        open_images(tmp_path)


def test_a_file_that_changes_after_it_was_listed_is_an_error(tmp_path: Path) -> None:
    save_picture(tmp_path, "a.png", random_values((2, 2)))
    source = open_images(tmp_path)
    save_picture(tmp_path, "a.png", random_values((3, 3)))
    with pytest.raises(DataError, match="as its header said"):
        read_blocks(source)


@needs_fifo
def test_a_file_that_becomes_a_pipe_after_it_was_listed_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode_picture("PNG"))
    source = open_images(tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"a\.png: cannot be read: it is not a regular file any more"):
        read_blocks(source)
