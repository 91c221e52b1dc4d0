"""Files that claim more pixels than allowed are refused before they are decoded."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.formats.images.opened import open_images, read_blocks
from tests.formats.images.samples import encode_picture, overwrite, random_picture
from tests.made import png
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.data.options import ReadOptions
from zm_cli.errors import DataError, UsageError
from zm_cli.formats import open_source
from zm_cli.formats.images.options import parse_pixels


def test_a_number_of_pixels_may_have_a_unit() -> None:
    cases = {"180M": 180_000_000, "2.5g": 2_500_000_000, "1000": 1000, " 3 k ": 3000, "178.95697M": 178_956_970}
    assert {text: parse_pixels(text) for text in cases} == cases
    assert parse_pixels("NONE") == parse_pixels("9" * 18 + "G") == 2**63 - 1
    for text in ("0", "", "-1", "1T", "1e9", "9" * 400, "many"):
        with pytest.raises(UsageError, match=r"--max-pixels: .* is not a number of pixels"):
            parse_pixels(text)


def claim_size(data: bytes, width: int, height: int, **others: int) -> bytes:
    """Returns a little-endian TIFF with another size in its directory,
    and with other values of other tags (`t277=5`)."""
    changed = bytearray(data)
    (start,) = struct.unpack_from("<I", data, 4)
    values = {256: width, 257: height, **{int(tag[1:]): value for tag, value in others.items()}}
    for position in range(start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12):
        if (tag := struct.unpack_from("<H", data, position)[0]) in values:
            struct.pack_into("<HII", changed, position + 2, 4, 1, values[tag])
    return bytes(changed)


def make_bombs() -> dict[str, bytes]:
    """Small files that claim far more pixels than they hold."""
    side = struct.pack("<I", 60000)
    jpeg, webp = encode_picture("JPEG"), encode_picture("WEBP", lossless=True)
    codestream = encode_picture("JPEG2000", no_jp2=True)
    inner = png(60000, 60000, 8, 2, b"")
    bands = io.BytesIO()
    tifffile.imwrite(bands, np.zeros((8, 8, 5), np.uint16), photometric="minisblack", planarconfig="contig")
    return {
        "a.png": inner,
        "deep.png": png(60000, 60000, 16, 0, b""),
        "a.jpg": overwrite(jpeg, jpeg.index(b"\xff\xc0") + 5, b"\xff" * 4),
        "a.gif": overwrite(encode_picture("GIF"), 6, b"\xff" * 4),
        "a.bmp": overwrite(encode_picture("BMP"), 18, side * 2),
        "a.tga": overwrite(encode_picture("TGA"), 12, b"\xff" * 4),
        "a.ppm": b"P6 60000 60000 255\n",
        "a.webp": overwrite(webp, 21, struct.pack("<I", 0x0FFFFFFF)),
        "a.j2k": overwrite(codestream, codestream.index(b"\xff\x51") + 6, struct.pack(">II", 60000, 60000)),
        "a.tif": claim_size(encode_picture("TIFF"), 60000, 60000),
        "bands.tif": claim_size(bands.getvalue(), 60000, 60000),
        "many.tif": claim_size(bands.getvalue(), 8000, 8000, t277=60000),
        "a.ico": b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inner), 22) + inner,
        "a.icns": b"icns" + struct.pack(">I", 16 + len(inner)) + b"ic07" + struct.pack(">I", 8 + len(inner)) + inner,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(make_bombs()))
def test_a_file_that_claims_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(make_bombs()[name])
    with pytest.raises(DataError, match=rf"{name}: .*Image size \(\d+ pixels\) exceeds limit .*--max-pixels"):
        read_blocks(open_images(tmp_path))
    (tmp_path / "whole.png").write_bytes(encode_picture("PNG"))
    if name not in ("bands.tif", "many.tif"):  # these are read as arrays, not together with a picture
        source = open_images(tmp_path, on_error="skip")
        assert [path for block in read_blocks(source) for path in block.carried] == ["whole.png"]


def test_the_error_for_too_many_pixels_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png(60000, 60000, 8, 2, b""))
    with pytest.raises(DataError, match=r"bomb\.png: cannot be decoded: Image size"):
        open_images(tmp_path)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "npy", "bands"])
def test_the_limit_is_exact(tmp_path: Path, format: str) -> None:
    pixels = 41 * 31
    match format:
        case "npy":
            np.save(tmp_path / "a.npy", np.zeros((31, 41)))
        case "bands":
            # Every four channels count as one pixel.
            values = np.zeros((31, 41, 5), np.float32)
            tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig")
            pixels *= 2
        case _:
            (tmp_path / f"a.{format.lower()}").write_bytes(encode_picture(format, random_picture(width=41, height=31)))
    assert read_blocks(open_images(tmp_path, max_pixels=pixels))
    with pytest.raises(DataError, match=rf"Image size \({pixels} pixels\) exceeds limit of {pixels - 1} pixels"):
        open_images(tmp_path, max_pixels=pixels - 1)


@slow
def test_more_pixels_than_the_default_are_read_if_allowed(tmp_path: Path) -> None:
    rows = zlib.compressobj(1)
    # 14000 x 13000 gray pixels: more than the limits of zm and of Pillow.
    data = b"".join(rows.compress(b"\0" + b"\x07" * 14000) for _ in range(13000)) + rows.flush()
    whole = png(14000, 13000, 8, 0, b"")
    idat = struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    (tmp_path / "a.png").write_bytes(whole[:33] + idat + whole[-12:])
    assert run_zm("stats", tmp_path).code == 3
    for limit in ("200M", "none"):
        done = run_zm("stats", tmp_path, "--max-pixels", limit, "--json", "-q")
        assert (done.code, done.err) == (0, "")
        assert json.loads(done.out)["mean"] == [7.0]


def test_the_limit_is_not_recorded_in_statistics(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_picture("PNG"))
    assert run_zm("stats", tmp_path, "--max-pixels", "5000", "-o", tmp_path / "s.json").code == 0
    assert "pixels" not in (tmp_path / "s.json").read_text()
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(UsageError, match="--max-pixels is for images, not for csv"):
        open_source(str(tmp_path / "x.csv"), ReadOptions(max_pixels=5))


def test_more_pixels_than_an_array_can_hold_are_refused_without_a_limit_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_picture("PNG"))
    (tmp_path / "b.png").write_bytes(png(2**31 - 1, 2**31 - 1, 8, 0, b""))
    source = open_images(tmp_path, max_pixels=2**63 - 1, on_error="skip")
    assert source.files == ["a.png"]
    assert [skip.name for skip in source.facts().skipped] == ["b.png"]


def test_the_size_to_resize_to_is_limited_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_picture("PNG"))
    with pytest.raises(UsageError, match="--resize: asks for more than 180,000,000 pixels"):
        open_images(tmp_path, resize=(10**10, 10**10))
