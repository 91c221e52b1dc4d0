"""Ordinary PNG and JPEG files, read past Pillow's classes: the same as through them, or left to them."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from zm_cli.data.options import ReadOptions
from zm_cli.data.source import Source
from zm_cli.formats import open_source
from zm_cli.formats.images import jpeg, png
from zm_cli.formats.images.ahead import read_ahead
from zm_cli.formats.images.names import Names
from zm_cli.numbers.moments import Moments

SEED = 11
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def picture(mode: str, width: int = 23, height: int = 17) -> Image.Image:
    rng = np.random.default_rng(SEED)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (height, width)).astype(np.uint16))
    smooth = rng.integers(0, 40, (height, width, 4)) + np.arange(width)[:, None] * 8
    colour = Image.fromarray(smooth.astype(np.uint8), "RGBA")
    return colour.convert(mode) if mode.endswith("A") else colour.convert("RGB").convert(mode)


def save(image: Image.Image, form: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **how)
    return stream.getvalue()


def through_pillow(data: bytes) -> np.ndarray | None:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return np.asarray(opened)
    except (OSError, SyntaxError, ValueError):
        return None


def insert_chunk(data: bytes, name: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(name + content).to_bytes(4, "big")
    return data[:33] + len(content).to_bytes(4, "big") + name + content + crc + data[33:]


@pytest.mark.parametrize("mode", MODES)
def test_the_header_of_a_png_is_the_one_pillow_reads(mode: str) -> None:
    image = picture(mode)
    plain = png.read_plain_header(save(image, "PNG"))
    assert plain == (mode, image.width, image.height, mode in ("LA", "RGBA"))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_the_pixels_of_a_png_are_those_pillow_decodes(mode: str, level: int) -> None:
    image = picture(mode, 301, 200)
    data = save(image, "PNG", compress_level=level, dpi=(72, 72))
    decoded = png.decode_plain(data)
    assert decoded is not None
    assert decoded.mode == mode
    np.testing.assert_array_equal(np.asarray(decoded), np.asarray(image))


def test_a_png_with_more_to_it_is_left_to_pillow() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "x")
    image = picture("RGB")
    for data in (
        save(image, "PNG", transparency=(1, 2, 3)),
        save(image, "PNG", icc_profile=b"some profile"),
        insert_chunk(save(image, "PNG"), b"sRGB", b""),
        insert_chunk(save(image, "PNG"), b"pHYs", b"123"),
        save(image, "PNG", pnginfo=text),
        save(image, "PNG", exif=b"Exif\0\0" + Image.Exif().tobytes()),
        save(image, "PNG", save_all=True, append_images=[image, picture("RGB").rotate(90)]),
        save(picture("LA"), "PNG"),
        save(picture("P"), "PNG"),
        save(image, "GIF"),
    ):
        assert png.decode_plain(data) is None


def test_a_png_cut_short_or_changed_is_left_to_pillow() -> None:
    data = save(picture("RGB"), "PNG")
    for length in range(0, len(data), 7):
        assert png.decode_plain(data[:length]) is None
    for position in range(0, len(data), 5):
        changed = bytearray(data)
        changed[position] ^= 1
        assert png.decode_plain(bytes(changed)) is None


def test_rows_filtered_in_any_way_are_decoded_as_pillow_decodes_them() -> None:
    data = save(picture("RGB"), "PNG")
    start = data.index(b"IDAT") + 4
    length = int.from_bytes(data[start - 8 : start - 4], "big")
    rng = np.random.default_rng(SEED)
    decoded = 0
    for _ in range(200):
        rows = np.frombuffer(zlib.decompress(data[start : start + length]), np.uint8).reshape(17, -1).copy()
        rows[:, 0] = rng.integers(0, 5, 17)
        rows[rng.integers(0, 17), rng.integers(0, rows.shape[1])] ^= rng.integers(1, 256)
        pixels = zlib.compress(rows.tobytes())
        parts = len(pixels).to_bytes(4, "big"), b"IDAT", pixels, zlib.crc32(b"IDAT" + pixels).to_bytes(4, "big")
        changed = data[: start - 8] + b"".join(parts) + data[start + length + 4 :]
        plain, expected = png.decode_plain(changed), through_pillow(changed)
        assert (plain is None) == (expected is None)
        if plain is not None:
            decoded += 1
            np.testing.assert_array_equal(np.asarray(plain), expected)
    assert 100 < decoded < 200  # a row whose filter is not known is refused by both


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"comment": b"hello"}, {"icc_profile": b"p" * 200}])
def test_the_header_of_a_jpeg_is_the_one_pillow_reads(mode: str, how: dict[str, Any]) -> None:
    image = picture(mode)
    assert jpeg.read_plain_header(save(image, "JPEG", **how)) == (mode, image.width, image.height, False)


def test_a_jpeg_with_more_to_it_is_left_to_pillow() -> None:
    image = picture("RGB")
    exif = Image.Exif()
    exif[274] = 6
    data = save(image, "JPEG")
    frame = data.index(b"\xff\xc0")
    lossless = data[:frame] + b"\xff\xc3" + data[frame + 2 :]
    tables = data.index(b"\xff\xdb") + 4
    unsound = data[:tables] + b"\x10" + data[tables + 1 :]
    assert through_pillow(unsound) is None
    huge = data[: frame + 5] + b"\xff\xff\xff\xff" + data[frame + 9 :]
    for other in (save(image, "JPEG", exif=exif), save(image, "MPO", save_all=True, append_images=[image]),
                  lossless, unsound, huge, data[:frame], data[: frame + 12], b"", b"\xff\xd8\xff"):  # fmt: skip
        assert jpeg.read_plain_header(other) is None


def test_names_are_kept_as_they_are() -> None:
    given = ["a/b.png", "ü.jpg", os.fsdecode(b"\xff\xfe.png"), "", "z"]
    names = Names()
    for name in given:
        names.append(name)
    assert list(names) == given
    assert (len(names), names[1:3], names[-1], names.index("z")) == (5, given[1:3], "z", 4)


def test_files_are_read_ahead_in_order_and_faults_come_in_their_turn(tmp_path: Path) -> None:
    for index in range(30):
        (tmp_path / str(index)).write_bytes(bytes([index]) * index * 100)
    paths = [str(tmp_path / str(index)) for index in range(30)]
    paths[12] = str(tmp_path / "missing")
    found = list(read_ahead(paths))
    assert isinstance(found[12], FileNotFoundError)
    assert [data for data in found if isinstance(data, bytes)] == [
        bytes([index]) * index * 100 for index in range(30) if index != 12
    ]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
def test_files_not_read_are_closed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    before = len(os.listdir("/proc/self/fd"))
    files = read_ahead([str(tmp_path / "a")] * 20)
    next(files)
    files.close()
    assert len(os.listdir("/proc/self/fd")) == before


def opened(folder: Path, **options: Any) -> Source:
    return open_source(str(folder), ReadOptions(**options), "images")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
@pytest.mark.parametrize("ignore", [None, 0.0, 255.0, 17.0])
def test_values_that_are_counted_have_the_moments_of_values_that_are_read(
    tmp_path: Path, mode: str, ignore: float | None
) -> None:
    for index in range(3):
        picture("RGB", 300 + index, 250).save(tmp_path / f"{index}.png")
    source = opened(tmp_path, mode=mode)
    for span in source.spans():
        tally, block = source.tally(span), source.read(span)
        assert tally is not None
        assert (tally.samples, tally.digest, tally.skipped) == (len(block.values), block.digest, block.skipped)
        counted, read = Moments.from_counts(tally.counts, ignore), Moments.from_block(block.values, (3,), ignore)
        for field in ("count", "missing", "min", "max"):
            np.testing.assert_array_equal(getattr(counted, field), getattr(read, field))
        # Without a value to ignore both are exact sums; with one, reading sums deviations in float64.
        np.testing.assert_allclose(counted.mean, read.mean, rtol=0 if ignore is None else 1e-14)
        np.testing.assert_allclose(counted.m2, read.m2, rtol=0 if ignore is None else 1e-12)


def test_modes_that_have_no_256_values_are_read(tmp_path: Path) -> None:
    for mode in ("I;16", "LA"):
        (tmp_path / mode).mkdir()
        picture(mode, 300, 300).save(tmp_path / mode / "a.png")
        source = opened(tmp_path / mode, mode=mode)
        assert source.tally(next(iter(source.spans()))) is None


def test_a_file_that_cannot_be_decoded_is_not_counted(tmp_path: Path) -> None:
    picture("RGB", 300, 300).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:9000])
    source = opened(tmp_path, on_error="skip")
    (tally,) = [source.tally(span) for span in source.spans()]
    assert tally is not None
    assert (tally.samples, int(tally.counts[0].sum())) == (1, 300 * 300)
    assert [sample.name for sample in tally.skipped] == ["b.jpg"]
