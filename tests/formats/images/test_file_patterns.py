"""Which files of a folder a source takes: by patterns, by a list and by a maximum number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.formats.images.opened import open_images, read_blocks

FILES = ("a/1.png", "a/2.png", "a/x/3.png", "b/1.png", "b/4.bmp", "c d/5.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a folder with the FILES."""
    folder = tmp_path_factory.mktemp("images")
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(path)
    return folder


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"include": ("*.png",)}, "a/1.png a/2.png a/x/3.png b/1.png c d/5.png"),
        ({"include": ("a",)}, "a/1.png a/2.png a/x/3.png"),
        ({"include": ("a/*.png", "b/*")}, "a/1.png a/2.png b/1.png b/4.bmp"),
        ({"include": ("a/**/3.png",)}, "a/x/3.png"),
        ({"include": ("1.png", "c d/")}, "a/1.png b/1.png c d/5.png"),
        ({"exclude": ("a",)}, "b/1.png b/4.bmp c d/5.png"),
        ({"exclude": ("*", "!*.bmp")}, "b/4.bmp"),
        ({"include": ("*.png",), "exclude": ("[bc]*/",)}, "a/1.png a/2.png a/x/3.png"),
        ({"limit": 2}, "a/1.png a/2.png"),
        ({"limit": 1, "exclude": ("[ab]",)}, "c d/5.png"),
        ({"limit": 99}, " ".join(FILES)),
        ({"files": ("b/4.bmp", "a/1.png")}, "b/4.bmp a/1.png"),
        ({"files": ("b/4.bmp", "a/1.png"), "exclude": ("b",)}, "a/1.png"),
        ({"files": ("b/4.bmp", "a/1.png"), "limit": 1}, "b/4.bmp"),
    ],
    ids=str,
)
def test_images_are_taken_by_pattern_list_and_number(folder: Path, options: dict[str, Any], names: str) -> None:
    source = open_images(folder, **options)
    read = [name for block in read_blocks(source) for name in block.carried]
    assert " ".join(read) == names
    assert source.spec.samples == len(read)
    assert source.spec.limit == options.get("limit")
