"""The suffix of a file, and of a compressed file both of its suffixes."""

from __future__ import annotations

import pytest

from zm_cli.formats.shared.suffixes import find_suffix


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("a.csv", ".csv"),
        ("folder.d/a.b.csv.gz", ".csv.gz"),
        ("T.CSV.GZ", ".CSV.GZ"),
        ("a.tsv.Zst", ".tsv.Zst"),
        ("a.xz", ".xz"),
        ("folder.d/a", ""),
        (".hidden", ""),
    ],
)
def test_the_suffix_is_as_it_is_spelled(path: str, suffix: str) -> None:
    assert find_suffix(path) == suffix
