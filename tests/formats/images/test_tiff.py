"""The pages of TIFF files: where they begin, what they say, and files that lie about them."""

from __future__ import annotations

import io
import struct
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from tests.formats.images.samples import random_values
from zm_cli.formats.images import tiff


@pytest.mark.parametrize("options", [{"byteorder": "<"}, {"byteorder": ">"}, {"bigtiff": True}])
def test_pages_are_found_and_read_by_themselves(tmp_path: Path, options: dict[str, Any]) -> None:
    values = random_values((5, 4, 6), "uint16")
    extra = [(tiff.ORIENTATION, "H", 1, 3, True), (tiff.NODATA, "s", 0, "-9999", True)]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="minisblack", extratags=extra, **options)
    with io.FileIO(path) as file:
        pages = list(tiff.walk_pages(io.BytesIO(path.read_bytes())))
        assert len(pages) == 5
        assert {(page.orientation, page.nodata, page.number(tiff.HEIGHT, 0)) for page in pages[:1]} == {(3, -9999, 4)}
        for page, expected in zip(pages[::-1], values[::-1], strict=True):
            with tifffile.TiffFile(tiff.start_at(file, page.offset)) as decoder:
                np.testing.assert_array_equal(decoder.pages.first.asarray(), expected)


def make_page(entries: list[tuple[int, int, int, int]], following: int) -> bytes:
    """Returns a page with these entries (tag, type, count, value)."""
    return (
        struct.pack("<H", len(entries))
        + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        + struct.pack("<I", following)
    )


def test_pages_that_repeat_end_the_file() -> None:
    data = b"II*\0\x08\0\0\0" + make_page([(256, 4, 1, 7)], 8)
    assert [page.number(tiff.WIDTH, 0) for page in tiff.walk_pages(io.BytesIO(data))] == [7]


def test_pages_that_lie_over_one_another_are_refused_soon() -> None:
    # Each claims the following ones as its tags, and ends with the offset of the next.
    step, tags = 16, 0x4000
    data = bytearray(8 + 2000 * step + 2 + 12 * tags + 4)
    data[:8] = b"II*\0\x08\0\0\0"
    for index in range(2000):
        struct.pack_into("<H", data, 8 + index * step, tags)
        struct.pack_into("<I", data, 8 + index * step + 2 + 12 * tags, 8 + (index + 1) * step)
    pages = tiff.walk_pages(io.BytesIO(data))
    assert next(pages).offset == 8
    with pytest.raises(ValueError, match="overlap"):
        list(islice(pages, 20))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"II*\0", "truncated"),
        (b"II*\0\xff\xff\xff\x7f", "outside of the file"),
        (b"MM\0+\0\x08\0\0" + bytes(6) + b"\0\x10", "outside of the file"),
        (b"II*\0\x08\0\0\0\xff", "outside of the file"),
    ],
)
def test_damaged_files_are_refused(data: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        list(tiff.walk_pages(io.BytesIO(data)))
