"""The registration of the CSV format: which paths it recognizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.formats.csv.tables import save
from zm_cli.data.format import Confidence
from zm_cli.formats.csv import recognize


@pytest.mark.parametrize("name", ["a.csv", "a.TSV", "a.tab", "a.csv.gz", "a.Csv.ZST", "a.tsv.gz"])
def test_a_table_is_recognized_by_its_name(tmp_path: Path, name: str) -> None:
    assert recognize(save(tmp_path, "a\n1\n", name)) == Confidence.BY_NAME


@pytest.mark.parametrize("name", ["a.txt", "a.gz", "a.csv.bz2", "csv", "a.csv.h5"])
def test_other_names_are_not_recognized(tmp_path: Path, name: str) -> None:
    assert recognize(save(tmp_path, "a\n1\n", name)) is None


@pytest.mark.parametrize(
    "text", ["5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n", "a;b\n1;2\n3;?\n", "39, State-gov\n50, Private\n"]
)
def test_a_text_file_is_a_possible_table_by_its_first_lines(tmp_path: Path, text: str) -> None:
    for name in ("a.txt", "iris.data", "A.DAT"):
        assert recognize(save(tmp_path, text, name)) == Confidence.POSSIBLE
    assert recognize(save(tmp_path, text, "a.log")) is None


@pytest.mark.parametrize(
    "text",
    [
        *("a/1.png\na/2.png\n", "data 1/a.csv\ndata 2/b.csv\n", "cat\ndog\n", "Hello, you.\nSee 2, 3.\n"),
        *("1\n2\n", "a,b\n", "", "1,2\n3\n", "1,2\n3,4\n\0", "1.png 0\n2.png 1\n"),
    ],
)
def test_other_text_files_are_not_tables(tmp_path: Path, text: str) -> None:
    assert recognize(save(tmp_path, text, "a.txt")) is None


def test_a_folder_is_not_recognized(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert recognize(tmp_path / "a.csv") is None
