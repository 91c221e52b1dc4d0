"""The record of a folder of parts: in place of the folder stand the parts that it lists, and nothing outside of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zm_cli.pipeline.applying.parts_record import RECORD, find_parts, list_parts, write_record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.csv", "a.csv", "a.csv.zm.json", "b.csv.zm.json"):
        (tmp_path / name).touch()
    write_record(tmp_path, ["b.csv", "a.csv"], 5)
    return tmp_path


def test_a_folder_stands_for_its_parts(folder: Path) -> None:
    parts = [f"{folder}/b.csv", f"{folder}/a.csv"]
    assert find_parts([str(folder)]) == find_parts([f"{folder}/{RECORD}"]) == parts
    assert find_parts(["other.csv", str(folder)]) == ["other.csv", *parts]
    everything = sorted(map(str, folder.iterdir()))
    assert find_parts(everything) == sorted(parts)


def test_a_receipt_is_left_out_beside_its_part_alone(folder: Path) -> None:
    receipt = f"{folder}/a.csv.zm.json"
    assert find_parts([receipt, f"{folder}/b.csv"]) == [receipt, f"{folder}/b.csv"]


@pytest.mark.parametrize("names", [None, [], "a.csv", [1], [""], [".."], ["../a.csv"], ["/a.csv"], ["x\\a.csv"]])
def test_what_is_not_a_record_lists_no_parts(tmp_path: Path, names: Any) -> None:
    (tmp_path / RECORD).write_text(json.dumps({"format": "zm-parts", "version": 1, "parts": names}))
    assert list_parts(str(tmp_path)) is None
    assert find_parts([str(tmp_path)]) == [str(tmp_path)]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "other", "parts": ["a.csv"]}', "[" * 100_000])
def test_other_files_of_the_name_are_no_records(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    assert list_parts(str(tmp_path)) is None
