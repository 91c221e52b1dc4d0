"""Images that are damaged, huge or no files at all: never a hang, a traceback or a wrong number."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.made import png
from tests.shell import run_zm
from zm_cli.cli.parsing import parse_pixels
from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.formats.images.source import ImageSource

HOSTILE = Path(__file__).parents[2] / "data" / "hostile" / "images"
SEED = 5


def picture(mode: str = "RGB", width: int = 40, height: int = 30, seed: int = SEED) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return Image.fromarray(values).convert(mode)


def encode(form: str, image: Image.Image | None = None, **how: Any) -> bytes:
    stream = io.BytesIO()
    (image or picture()).save(stream, form, **how)
    return stream.getvalue()


def look(path: Path, **options: Any) -> ImageSource:
    source = open_source(str(path), ReadOptions(**options), "images")
    assert isinstance(source, ImageSource)
    return source


def blocks(source: ImageSource) -> list[Block]:
    return [source.read(span) for span in source.spans()]


def overwrite(data: bytes, at: int, raw: bytes) -> bytes:
    return data[:at] + raw + data[at + len(raw) :]


def claim(data: bytes, width: int, height: int, **others: int) -> bytes:
    """A little-endian TIFF whose directory says another size, and other numbers by tag (`t277=5`)."""
    changed = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 4)
    wanted = {256: width, 257: height, **{int(tag[1:]): value for tag, value in others.items()}}
    for at in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if (tag := struct.unpack_from("<H", data, at)[0]) in wanted:
            struct.pack_into("<HII", changed, at + 2, 4, 1, wanted[tag])
    return bytes(changed)


# What is no image, or no file


def test_a_picture_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode("JPEG"))
    np.testing.assert_array_equal(blocks(look(tmp_path))[0].values[0], np.asarray(Image.open(tmp_path / "a.png")))
    (tmp_path / "b.jpg").write_text("a text")
    with pytest.raises(DataError, match=r"b\.jpg: is no image that can be identified"):
        look(tmp_path)


@pytest.fixture
def special(tmp_path: Path) -> Iterator[Path]:
    """A folder with one picture and everything else that may bear the name of one."""
    folder = tmp_path / "data"
    (folder / "folder.png").mkdir(parents=True)
    (folder / "folder.png" / "a.png").write_bytes(encode("PNG"))
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    for name, target in (("zero.png", "/dev/zero"), ("loop.png", "loop.png"), ("gone.png", "nothing")):
        (folder / name).symlink_to(target)
    (folder / "empty.png").touch()
    with socket.socket(socket.AF_UNIX) as made:
        # The name of a socket may have 100 bytes, which the folder of a test is longer than.
        short = Path(tempfile.mkdtemp())
        made.bind(str(short / "s"))
        shutil.move(short / "s", folder / "socket.png")
        short.rmdir()
        yield folder


def test_pipes_devices_and_sockets_are_left_out_unopened(special: Path) -> None:
    source = look(special, on_error="skip")
    assert source.files == ["folder.png/a.png"]
    assert [skip.name for skip in source.facts().skipped] == ["empty.png", "gone.png", "loop.png"]
    assert source.facts().left_out == 4


@pytest.mark.parametrize("name", ["pipe.png", "zero.png", "socket.png"])
def test_a_pipe_device_or_socket_by_name_is_an_error_at_once(special: Path, name: str) -> None:
    done = run_zm("stats", special / name)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert name in done.err


def test_a_pipe_in_the_place_of_a_receipt_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode("PNG"))
    os.mkfifo(tmp_path / "zm.json")
    assert look(tmp_path).receipt is None


def test_a_file_that_became_a_pipe_is_noticed(tmp_path: Path) -> None:
    place = tmp_path / "a.png"
    place.write_bytes(encode("PNG"))
    source = look(tmp_path)
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(DataError, match=r"a\.png: cannot be read: it is no regular file any more"):
        blocks(source)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_files_and_folders_without_permission_are_unreadable() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        for name in ("a.png", "b.png", "closed/c.png"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(encode("PNG"))
        (folder / "b.png").chmod(0)
        (folder / "closed").chmod(0)
        os.seteuid(65534)
        source = look(folder, on_error="skip")
        assert source.files == ["a.png"]
        assert {skip.name: skip.reason for skip in source.facts().skipped} == dict.fromkeys(
            ("b.png", "closed/"), "cannot be read: Permission denied"
        )
        with pytest.raises(DataError, match=r"b\.png: cannot be read: Permission denied"):
            look(folder)
    finally:
        os.seteuid(0)
        shutil.rmtree(folder)


def test_names_with_any_bytes_go_through_both_passes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    names = ["new\nline/a\x1b[31m.png", os.fsdecode(b"\xff\xfe.png"), "\N{SNOWMAN} ,\"'.png"]
    for index, name in enumerate(names):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(encode("PNG", picture(seed=index)))
    bad = os.fsdecode(b"bad\n\xff.png")
    (data / bad).write_bytes(b"bad")
    refused = run_zm("stats", data)
    assert (refused.code, refused.err.count("\n"), "\\n" in refused.err) == (3, 1, True)
    for output in ("out.h5", "tree/"):
        done = run_zm("standardize", data, "-o", f"{tmp_path}/{output}", "--on-error", "skip", "-v", "--json")
        assert done.code == 0, done.err
        assert "\x1b" not in done.err
        assert [skip["name"] for skip in json.loads(done.out)["skipped"]] == [bad]
        stats = json.loads((tmp_path / f"{output.rstrip('/')}.stats.json").read_text())
        assert (stats["samples"], stats["sources"][0]["skipped"]) == (3, [bad])
    assert {path.name for path in (tmp_path / "tree").rglob("*.npy")} == {f"{Path(name).stem}.npy" for name in names}


# What claims more than it holds


def test_a_number_of_pixels_is_read_as_people_write_it() -> None:
    cases = {"180M": 180_000_000, "2.5g": 2_500_000_000, "1000": 1000, " 3 k ": 3000, "178.95697M": 178_956_970}
    assert {text: parse_pixels(text) for text in cases} == cases
    assert parse_pixels(None) is None
    assert parse_pixels("NONE") == parse_pixels("9" * 18 + "G") == 2**63 - 1
    for text in ("0", "", "-1", "1T", "1e9", "9" * 400, "many"):
        with pytest.raises(UsageError, match=r"--max-pixels: .* is no number of pixels"):
            parse_pixels(text)


def bombs() -> dict[str, bytes]:
    """Small files that say they hold far more pixels than anybody has."""
    edge = struct.pack("<I", 60000)
    jpeg, webp, bare = encode("JPEG"), encode("WEBP", lossless=True), encode("JPEG2000", no_jp2=True)
    inner = png(60000, 60000, 8, 2, b"")
    bands = io.BytesIO()
    tifffile.imwrite(bands, np.zeros((8, 8, 5), np.uint16), photometric="minisblack", planarconfig="contig")
    return {
        "a.png": inner,
        "deep.png": png(60000, 60000, 16, 0, b""),
        "a.jpg": overwrite(jpeg, jpeg.index(b"\xff\xc0") + 5, b"\xff" * 4),
        "a.gif": overwrite(encode("GIF"), 6, b"\xff" * 4),
        "a.bmp": overwrite(encode("BMP"), 18, edge * 2),
        "a.tga": overwrite(encode("TGA"), 12, b"\xff" * 4),
        "a.ppm": b"P6 60000 60000 255\n",
        "a.webp": overwrite(webp, 21, struct.pack("<I", 0x0FFFFFFF)),
        "a.j2k": overwrite(bare, bare.index(b"\xff\x51") + 6, struct.pack(">II", 60000, 60000)),
        "a.tif": claim(encode("TIFF"), 60000, 60000),
        "bands.tif": claim(bands.getvalue(), 60000, 60000),
        "many.tif": claim(bands.getvalue(), 8000, 8000, t277=60000),
        "a.ico": b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22) + inner,
        "a.icns": b"icns" + struct.pack(">I", 16 + len(inner)) + b"ic07" + struct.pack(">I", 8 + len(inner)) + inner,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(bombs()))
def test_a_file_that_claims_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bombs()[name])
    with pytest.raises(DataError, match=rf"{name}: .*Image size \(\d+ pixels\) exceeds limit .*--max-pixels"):
        blocks(look(tmp_path))
    (tmp_path / "whole.png").write_bytes(encode("PNG"))
    if name not in ("bands.tif", "many.tif"):  # arrays and pictures do not go together
        source = look(tmp_path, on_error="skip")
        assert [path for block in blocks(source) for path in block.carried] == ["whole.png"]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "npy", "bands"])
def test_the_limit_is_met_exactly(tmp_path: Path, form: str) -> None:
    pixels = 41 * 31
    match form:
        case "npy":
            np.save(tmp_path / "a.npy", np.zeros((31, 41)))
        case "bands":
            # Each four channels count as a pixel.
            values = np.zeros((31, 41, 5), np.float32)
            tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig")
            pixels *= 2
        case _:
            (tmp_path / f"a.{form.lower()}").write_bytes(encode(form, picture(width=41, height=31)))
    assert blocks(look(tmp_path, max_pixels=pixels))
    with pytest.raises(DataError, match=rf"Image size \({pixels} pixels\) exceeds limit of {pixels - 1} pixels"):
        look(tmp_path, max_pixels=pixels - 1)


def test_more_than_the_default_is_read_where_it_is_allowed(tmp_path: Path) -> None:
    rows = zlib.compressobj(1)
    # 14000 x 13000 gray pixels: beyond zm's limit and what Pillow would refuse by itself.
    data = b"".join(rows.compress(b"\0" + b"\x07" * 14000) for _ in range(13000)) + rows.flush()
    whole = png(14000, 13000, 8, 0, b"")
    head = whole[:33]
    body = struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    (tmp_path / "a.png").write_bytes(head + body + whole[-12:])
    assert run_zm("stats", tmp_path).code == 3
    for most in ("200M", "none"):
        done = run_zm("stats", tmp_path, "--max-pixels", most, "--json", "-q")
        assert (done.code, done.err) == (0, "")
        assert json.loads(done.out)["mean"] == [7.0]


def test_the_limit_is_no_part_of_statistics(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode("PNG"))
    assert run_zm("stats", tmp_path, "--max-pixels", "5000", "-o", tmp_path / "s.json").code == 0
    assert "pixels" not in (tmp_path / "s.json").read_text()
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(UsageError, match="--max-pixels is for images, not for csv"):
        open_source(str(tmp_path / "x.csv"), ReadOptions(max_pixels=5))


def test_what_no_array_could_hold_is_refused_without_a_limit_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode("PNG"))
    (tmp_path / "b.png").write_bytes(png(2**31 - 1, 2**31 - 1, 8, 0, b""))
    source = look(tmp_path, max_pixels=2**63 - 1, on_error="skip")
    assert source.files == ["a.png"]
    assert [skip.name for skip in source.facts().skipped] == ["b.png"]


def test_the_first_of_thousands_of_frames_is_read_and_said_once(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), (index % 256, index // 256, 9)) for index in range(600)]
    for form in ("GIF", "TIFF", "WEBP", "PNG"):
        how = {"lossless": True} if form == "WEBP" else {}
        data = encode(form, frames[0], save_all=True, append_images=frames[1:], **how)
        (tmp_path / f"a.{form.lower()}").write_bytes(data)
    (tmp_path / "a.jpg").write_bytes(encode("MPO", frames[0], save_all=True, append_images=frames[1:3]))
    source = look(tmp_path)
    assert source.facts().notes.count("5 files hold several frames; the first is read") == 1
    (block,) = blocks(source)
    np.testing.assert_allclose(block.values.astype(int), np.broadcast_to([0, 0, 9], block.values.shape), atol=3)


def test_a_tiff_whose_directories_form_a_ring_ends(tmp_path: Path) -> None:
    data = bytearray(encode("TIFF"))
    (start,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], start)
    (tmp_path / "a.tif").write_bytes(data)
    np.testing.assert_array_equal(blocks(look(tmp_path))[0].values[0], np.asarray(picture()))


# What both passes see


@pytest.mark.parametrize("seed", range(40))
def test_damaged_exif_is_the_same_for_the_scan_and_the_decoder(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    exif = Image.Exif()
    exif[274] = 6
    exif[270] = "x" * 20
    whole = exif.tobytes()
    damaged = bytearray(whole)
    for at in rng.integers(0, len(whole), 3):
        damaged[at] = rng.integers(256)
    form = ("JPEG", "PNG", "WEBP")[seed % 3]
    (tmp_path / f"a.{form.lower()}").write_bytes(encode(form, exif=bytes(damaged)))
    source = look(tmp_path, exif=True)
    (block,) = blocks(source)
    height, width, _ = block.values.shape[1:]
    assert (height, width) in ((30, 40), (40, 30))
    assert source.facts().shapes == {f"{width}x{height}": 1}


def test_faults_of_headers_and_of_pixels_are_left_out_of_both_passes_alike(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for label in ("a", "b", "c"):
        (data / label).mkdir(parents=True)
        (data / label / "bad.jpg").write_bytes(encode("JPEG")[:900])
        (data / label / "text.png").write_text("no image")
    for index, label in enumerate("ac"):
        (data / label / "good.png").write_bytes(encode("PNG", picture(seed=index)))
    skipped = {f"{label}/{name}" for label in "abc" for name in ("bad.jpg", "text.png")}
    done = run_zm("standardize", data, "-o", tmp_path / "out.h5", "--on-error", "skip", "-v")
    assert done.code == 0, done.err
    assert "samples left out because they could not be read: 6" in done.err
    assert all(f"left out: {name}: " in done.err for name in skipped)
    stats = json.loads((tmp_path / "out.h5.stats.json").read_text())
    assert (stats["samples"], set(stats["sources"][0]["skipped"])) == (2, skipped)
    with h5py.File(tmp_path / "out.h5") as file:
        assert [name.decode() for name in file["files"]] == ["a/good.png", "c/good.png"]
        # A class of which nothing is left is none.
        assert [file.attrs["classes"][label] for label in file["labels"]] == ["a", "c"]
        assert len(file.attrs["classes"]) == 2
        whole = [np.asarray(picture(seed=index), np.float64) for index in range(2)]
        mean, std = np.mean(whole, axis=(0, 1, 2)), np.std(whole, axis=(0, 1, 2))
        np.testing.assert_allclose(file["images"][()], (np.stack(whole) - mean) / std, atol=1e-5)


@pytest.mark.parametrize("fault", [b"no image", encode("JPEG")[:900]])
def test_nothing_left_is_an_error(tmp_path: Path, fault: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(fault)
    done = run_zm("standardize", tmp_path / "a.jpg", "-o", tmp_path / "out.h5", "--on-error", "skip")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "a.jpg" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_what_a_container_says_of_the_size_of_its_picture_is_not_believed(tmp_path: Path) -> None:
    inner = encode("PNG", picture("RGBA", 24, 24))
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner
    boxed = encode("JPEG2000")
    (tmp_path / "a.ico").write_bytes(icon)
    (tmp_path / "b.jp2").write_bytes(overwrite(boxed, boxed.index(b"ihdr") + 4, struct.pack(">II", 24, 24)))
    source = look(tmp_path, on_error="skip")
    (block,) = blocks(source)
    np.testing.assert_array_equal(block.values[0], np.asarray(picture("RGB", 24, 24)))
    assert [skip.name for skip in block.skipped] == ["b.jp2"]


def test_a_size_to_resize_to_has_the_limit_of_images_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode("PNG"))
    with pytest.raises(UsageError, match="--resize: asks for more than 180,000,000 pixels"):
        look(tmp_path, resize=(10**10, 10**10))


@pytest.mark.parametrize("name", sorted(path.name for path in HOSTILE.iterdir()))
def test_a_file_that_broke_a_reader_once_is_a_clear_error(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(HOSTILE / name, tmp_path / name)
    with pytest.raises(DataError) as caught:
        blocks(look(tmp_path))
    assert f"/{name}: " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_hostile_files_beside_a_sound_one_are_left_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pictures = [path for path in HOSTILE.iterdir() if path.suffix not in (".tif", ".npy")]
    for path in pictures:
        shutil.copy(path, data)
    (data / "sound.png").write_bytes(encode("PNG"))
    done = run_zm("center", data, "-o", f"{tmp_path}/tree/", "--on-error", "skip", "-j", "2")
    assert done.code == 0, done.err
    assert [path.name for path in (tmp_path / "tree").glob("*.npy")] == ["sound.npy"]
    stats = json.loads((tmp_path / "tree.stats.json").read_text())
    assert set(stats["sources"][0]["skipped"]) == {path.name for path in pictures}
