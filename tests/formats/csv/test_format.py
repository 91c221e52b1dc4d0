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


def test_a_folder_is_not_recognized(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    assert recognize(tmp_path / "a.csv") is None
