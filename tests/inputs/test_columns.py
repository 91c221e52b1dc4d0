"""Columns of a table are selected by name, by position, by range and by pattern."""

from __future__ import annotations

from pathlib import Path

import pytest

from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats import open_source

HEADER = "label,p0,p1,p2,p10,Total,a:b"


def find_features(path: Path, options: ReadOptions) -> str:
    """The names of the columns that are features, separated by spaces."""
    source = open_source(str(path), options)
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
        (("3",), None, "p1"),
        (("7", "p*"), None, "a:b p0 p1 p2 p10"),
        (None, ("1", "3:4"), "p0 p10 Total a:b"),
        *((None, (text,), None) for text in ("0", "8", "99999999999")),
        *(((text,), None, None) for text in ("0:3", "3:2", "2:8", "q*", "2:nix", ":", "p9", "1:99999999999")),
        *((None, (text,), None) for text in ("0:3", "q*", "p9")),
    ],
)
def test_columns_are_taken_by_name_range_and_glob(
    tmp_path: Path, columns: tuple[str, ...] | None, exclude: tuple[str, ...] | None, names: str | None
) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(f"{HEADER}\n1,2,3,4,5,6,7\n3,4,5,6,7,8,9\n")
    options = ReadOptions(columns=columns, exclude=exclude)
    if names is None:
        with pytest.raises(UsageError):
            find_features(path, options)
    else:
        assert find_features(path, options) == names


def test_where_names_are_numbers_a_number_is_never_a_position(tmp_path: Path) -> None:
    path = tmp_path / "counted.csv"
    path.write_text("0,1,2,3\n0.5,6,7,8\n0.7,9,2,1\n")
    assert find_features(path, ReadOptions(header=True, columns=("3",))) == "3"
    assert find_features(path, ReadOptions(header=True, columns=("1:3",))) == "1 2 3"
    assert find_features(path, ReadOptions(header=True, columns=("4:4",))) == "3"
    with pytest.raises(UsageError, match="4:4"):
        find_features(path, ReadOptions(header=True, columns=("4",)))
    with pytest.raises(UsageError, match="not clear"):
        find_features(path, ReadOptions(header=True, columns=("1:4",)))


def test_the_exact_name_of_a_column_takes_precedence_over_positions_and_globs(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("9,2,1:2,*\n10,20,30,40\n")
    for name in ("2", "1:2", "*"):
        assert find_features(path, ReadOptions(columns=(name,))) == name
