"""Plain PNG and JPEG files, read without Pillow's own readers: with the same result, or left to Pillow."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.formats.images.samples import encode_picture
from zm_cli.formats.images import jpeg, png

SEED = 11
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def smooth_picture(mode: str, width: int = 23, height: int = 17) -> Image.Image:
    """Returns a slope with some noise, which takes all kinds of compression and filters; noise alone for I;16."""
    rng = np.random.default_rng(SEED)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65536, (height, width)).astype(np.uint16))
    slope = rng.integers(0, 40, (height, width, 4)) + np.arange(width)[:, None] * 8
    colour = Image.fromarray(slope.astype(np.uint8), "RGBA")
    return colour.convert(mode) if mode.endswith("A") else colour.convert("RGB").convert(mode)


def decode_with_pillow(data: bytes) -> np.ndarray | None:
    """Returns the pixels; None if Pillow refuses the file."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture)
    except (OSError, SyntaxError, ValueError):
        return None


def insert_chunk(data: bytes, name: bytes, content: bytes) -> bytes:
    """Returns a PNG with another chunk after its first."""
    crc = zlib.crc32(name + content).to_bytes(4, "big")
    return data[:33] + len(content).to_bytes(4, "big") + name + content + crc + data[33:]


@pytest.mark.parametrize("mode", MODES)
def test_the_header_of_a_png_is_the_one_pillow_reads(mode: str) -> None:
    picture = smooth_picture(mode)
    header = png.read_plain_header(encode_picture("PNG", picture))
    assert header == (mode, picture.width, picture.height, mode in ("LA", "RGBA"))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_the_pixels_of_a_png_are_those_pillow_decodes(mode: str, level: int) -> None:
    picture = smooth_picture(mode, 301, 200)
    data = encode_picture("PNG", picture, compress_level=level, dpi=(72, 72))
    decoded = png.decode_plain(data)
    assert decoded is not None
    assert decoded.mode == mode
    np.testing.assert_array_equal(np.asarray(decoded), np.asarray(picture))


def test_a_png_that_is_not_plain_is_left_to_pillow() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "x")
    picture = smooth_picture("RGB")
    for data in (
        encode_picture("PNG", picture, transparency=(1, 2, 3)),
        encode_picture("PNG", picture, icc_profile=b"some profile"),
        insert_chunk(encode_picture("PNG", picture), b"sRGB", b""),
        insert_chunk(encode_picture("PNG", picture), b"pHYs", b"123"),
        encode_picture("PNG", picture, pnginfo=text),
        encode_picture("PNG", picture, exif=b"Exif\0\0" + Image.Exif().tobytes()),
        encode_picture("PNG", picture, save_all=True, append_images=[picture, picture.rotate(90)]),
        encode_picture("PNG", smooth_picture("LA")),
        encode_picture("PNG", smooth_picture("P")),
        encode_picture("GIF", picture),
    ):
        assert png.decode_plain(data) is None


def test_a_truncated_or_changed_png_is_left_to_pillow() -> None:
    data = encode_picture("PNG", smooth_picture("RGB"))
    for length in range(0, len(data), 7):
        assert png.decode_plain(data[:length]) is None
    for position in range(0, len(data), 5):
        changed = bytearray(data)
        changed[position] ^= 1
        assert png.decode_plain(bytes(changed)) is None


def test_rows_with_any_filter_are_decoded_as_pillow_decodes_them() -> None:
    data = encode_picture("PNG", smooth_picture("RGB"))
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
        plain, expected = png.decode_plain(changed), decode_with_pillow(changed)
        assert (plain is None) == (expected is None)
        if plain is not None:
            decoded += 1
            np.testing.assert_array_equal(np.asarray(plain), expected)
    assert 100 < decoded < 200  # both refuse a row with an unknown filter


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"hello"}, {"icc_profile": b"p" * 200}])
def test_the_header_of_a_jpeg_is_the_one_pillow_reads(mode: str, options: dict[str, Any]) -> None:
    picture = smooth_picture(mode)
    header = jpeg.read_plain_header(encode_picture("JPEG", picture, **options))
    assert header == (mode, picture.width, picture.height, False)


def test_a_jpeg_that_is_not_plain_is_left_to_pillow() -> None:
    picture = smooth_picture("RGB")
    exif = Image.Exif()
    exif[274] = 6
    data = encode_picture("JPEG", picture)
    frame = data.index(b"\xff\xc0")
    lossless = data[:frame] + b"\xff\xc3" + data[frame + 2 :]
    tables = data.index(b"\xff\xdb") + 4
    short_tables = data[:tables] + b"\x10" + data[tables + 1 :]
    assert decode_with_pillow(short_tables) is None
    huge = data[: frame + 5] + b"\xff\xff\xff\xff" + data[frame + 9 :]
    with_exif = encode_picture("JPEG", picture, exif=exif)
    two_pictures = encode_picture("MPO", picture, save_all=True, append_images=[picture])
    for other in (with_exif, two_pictures, lossless, short_tables, huge, data[:frame], data[: frame + 12], b"",
                  b"\xff\xd8\xff"):  # fmt: skip
        assert jpeg.read_plain_header(other) is None
