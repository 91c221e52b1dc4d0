"""Which columns of a table and which files of a folder a source takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats import open_source

HEADER = "label,p0,p1,p2,p10,Total,a:b"
FILES = ("a/1.png", "a/2.png", "a/x/3.png", "b/1.png", "b/4.bmp", "c d/5.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, and a folder of images."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "wide.csv").write_text(f"{HEADER}\n1,2,3,4,5,6,7\n3,4,5,6,7,8,9\n")
    for name in FILES:
        place = folder / "images" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(place)
    return folder


def columns_of(folder: Path, options: ReadOptions) -> str:
    """The columns that are features, between spaces."""
    source = open_source(str(folder / "wide.csv"), options)
    source.close()
    return " ".join(source.spec.names or ())


@pytest.mark.parametrize(
    ("columns", "exclude", "names"),
    [
        (("p*",), None, "p0 p1 p2 p10"),
        (("p?",), None, "p0 p1 p2"),
        (("p[01]",), None, "p0 p1"),
        (("T*", "label"), None, "Total label"),
        (("t*",), (), None),
        (("2:5",), None, "p0 p1 p2 p10"),
        ((":2",), None, "label p0"),
        (("6:",), None, "Total a:b"),
        (("p1:Total",), None, "p1 p2 p10 Total"),
        (("p10:a:b",), None, "p10 Total a:b"),
        (("a:b",), None, "a:b"),
        (("3:3", "p*"), None, "p1 p0 p2 p10"),
        (None, ("p*", "1:1", "a:b"), "Total"),
        (("2:",), ("*0",), "p1 p2 Total a:b"),
        *(((text,), None, None) for text in ("0:3", "3:2", "2:8", "q*", "2:nix", ":", "p9", "1:99999999999")),
        *((None, (text,), None) for text in ("0:3", "q*", "p9")),
    ],
)
def test_columns_are_taken_by_name_range_and_glob(
    folder: Path, columns: tuple[str, ...] | None, exclude: tuple[str, ...] | None, names: str | None
) -> None:
    options = ReadOptions(columns=columns, exclude=exclude)
    if names is None:
        with pytest.raises(UsageError):
            columns_of(folder, options)
    else:
        assert columns_of(folder, options) == names


def test_a_column_of_that_very_name_goes_before_positions_and_patterns(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("9,2,1:2,*\n10,20,30,40\n")
    for name in ("2", "1:2", "*"):
        assert columns_of(tmp_path, ReadOptions(columns=(name,))) == name


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
    source = open_source(str(folder / "images"), ReadOptions(**options))
    read = [name for span in source.spans() for name in source.read(span).carried]
    assert " ".join(read) == names
    assert source.spec.samples == len(read)
    assert source.spec.limit == options.get("limit")
