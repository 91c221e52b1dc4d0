"""Files that are made or damaged to mislead a reader: never a hang, a traceback or a wrong number."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.formats.images.opened import open_images, read_blocks
from tests.formats.images.samples import encode_picture, overwrite, random_picture
from tests.shell import run_zm
from zm_cli.errors import DataError

HOSTILE = Path(__file__).parents[2] / "data" / "hostile" / "images"
"""Files that a reader once failed on."""


def test_the_first_of_thousands_of_frames_is_read_and_noted_once(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), (index % 256, index // 256, 9)) for index in range(600)]
    for format in ("GIF", "TIFF", "WEBP", "PNG"):
        options = {"lossless": True} if format == "WEBP" else {}
        data = encode_picture(format, frames[0], save_all=True, append_images=frames[1:], **options)
        (tmp_path / f"a.{format.lower()}").write_bytes(data)
    (tmp_path / "a.jpg").write_bytes(encode_picture("MPO", frames[0], save_all=True, append_images=frames[1:3]))
    source = open_images(tmp_path)
    assert len([note for note in source.facts().notes if note.startswith("5 files hold several frames")]) == 1
    (block,) = read_blocks(source)
    np.testing.assert_allclose(block.values.astype(int), np.broadcast_to([0, 0, 9], block.values.shape), atol=3)


def test_a_tiff_whose_directories_form_a_loop_is_read(tmp_path: Path) -> None:
    data = bytearray(encode_picture("TIFF"))
    (start,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], start)
    (tmp_path / "a.tif").write_bytes(data)
    np.testing.assert_array_equal(read_blocks(open_images(tmp_path))[0].values[0], np.asarray(random_picture()))


@pytest.mark.parametrize("seed", range(40))
def test_header_and_decoder_agree_on_damaged_exif(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    exif = Image.Exif()
    exif[274] = 6
    exif[270] = "x" * 20
    whole = exif.tobytes()
    damaged = bytearray(whole)
    for position in rng.integers(0, len(whole), 3):
        damaged[position] = rng.integers(256)
    format = ("JPEG", "PNG", "WEBP")[seed % 3]
    (tmp_path / f"a.{format.lower()}").write_bytes(encode_picture(format, exif=bytes(damaged)))
    source = open_images(tmp_path, exif=True)
    (block,) = read_blocks(source)
    height, width, _ = block.values.shape[1:]
    assert (height, width) in ((30, 40), (40, 30))
    assert source.facts().shapes == {f"{width}x{height}": 1}


def test_files_with_damaged_headers_or_pixels_are_left_out_of_both_passes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for label in ("a", "b", "c"):
        (data / label).mkdir(parents=True)
        (data / label / "bad.jpg").write_bytes(encode_picture("JPEG")[:900])
        (data / label / "text.png").write_text("no image")
    for index, label in enumerate("ac"):
        (data / label / "good.png").write_bytes(encode_picture("PNG", random_picture(seed=index)))
    skipped = {f"{label}/{name}" for label in "abc" for name in ("bad.jpg", "text.png")}
    done = run_zm("standardize", data, "-o", tmp_path / "out.h5", "--on-error", "skip", "-v")
    assert done.code == 0, done.err
    assert "samples left out because they could not be read: 6" in done.err
    assert all(f"left out: {name}: " in done.err for name in skipped)
    assert "classes of the statistics without images here: 'b'" in done.err
    stats = json.loads((tmp_path / "out.h5.stats.json").read_text())
    assert (stats["samples"], set(stats["sources"][0]["skipped"])) == (2, skipped)
    with h5py.File(tmp_path / "out.h5") as file:
        assert [name.decode() for name in file["files"]] == ["a/good.png", "c/good.png"]
        # Classes are those of the statistics, though no image of one could be read.
        assert [file.attrs["classes"][label] for label in file["labels"]] == ["a", "c"]
        assert list(file.attrs["classes"]) == stats["classes"] == ["a", "b", "c"]
        whole = [np.asarray(random_picture(seed=index), np.float64) for index in range(2)]
        mean, std = np.mean(whole, axis=(0, 1, 2)), np.std(whole, axis=(0, 1, 2))
        np.testing.assert_allclose(file["images"][()], (np.stack(whole) - mean) / std, atol=1e-5)


@pytest.mark.parametrize("fault", [b"no image", encode_picture("JPEG")[:900]])
def test_it_is_an_error_if_no_image_can_be_read(tmp_path: Path, fault: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(fault)
    done = run_zm("standardize", tmp_path / "a.jpg", "-o", tmp_path / "out.h5", "--on-error", "skip")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "a.jpg" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_the_size_that_a_container_states_for_its_picture_is_checked(tmp_path: Path) -> None:
    inner = encode_picture("PNG", random_picture("RGBA", 24, 24))
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner
    boxed = encode_picture("JPEG2000")
    (tmp_path / "a.ico").write_bytes(icon)
    (tmp_path / "b.jp2").write_bytes(overwrite(boxed, boxed.index(b"ihdr") + 4, struct.pack(">II", 24, 24)))
    source = open_images(tmp_path, on_error="skip")
    (block,) = read_blocks(source)
    np.testing.assert_array_equal(block.values[0], np.asarray(random_picture("RGB", 24, 24)))
    assert [skip.name for skip in block.skipped] == ["b.jp2"]


@pytest.mark.parametrize("name", sorted(path.name for path in HOSTILE.iterdir()))
def test_every_hostile_file_is_a_clear_error(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copyfile(HOSTILE / name, tmp_path / name)
    with pytest.raises(DataError) as caught:
        read_blocks(open_images(tmp_path))
    assert f"/{name}: " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_hostile_files_next_to_an_intact_one_are_left_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pictures = [path for path in HOSTILE.iterdir() if path.suffix not in (".tif", ".npy")]
    for path in pictures:
        shutil.copy(path, data)
    (data / "intact.png").write_bytes(encode_picture("PNG"))
    done = run_zm("center", data, "-o", f"{tmp_path}/tree/", "--on-error", "skip", "-j", "2")
    assert done.code == 0, done.err
    assert [path.name for path in (tmp_path / "tree").glob("*.npy")] == ["intact.npy"]
    stats = json.loads((tmp_path / "tree.stats.json").read_text())
    assert set(stats["sources"][0]["skipped"]) == {path.name for path in pictures}
