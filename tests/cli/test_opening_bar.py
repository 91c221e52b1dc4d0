"""The progress bar while a folder is opened: files that are found, then headers that are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.formats.images.samples import save_picture
from zm_cli.cli.messages import Messages
from zm_cli.cli.reading import open_sources
from zm_cli.cli.sources import name_source
from zm_cli.data.options import ReadOptions
from zm_cli.running.plan import Plan


def show(folder: Path, messages: Messages, capsys: pytest.CaptureFixture[str]) -> str:
    with open_sources([name_source(str(folder), None, "images")], ReadOptions(), "images", Plan(1), messages):
        return capsys.readouterr().err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for index in range(3):
        save_picture(tmp_path, f"{index}.png", np.zeros((2, 2), np.uint8))
    monkeypatch.setattr("zm_cli.formats.images.candidates._TICK", 2)
    return tmp_path


def test_a_bar_counts_the_files_found_and_then_the_headers_read(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = show(folder, Messages(progress=True), capsys)
    assert "finding files: 0 files" in shown
    assert "reading headers:   0%" in shown
    assert "| 0/3 " in shown
    # The line is cleared.
    assert not shown.split("\r")[-1].strip()


@pytest.mark.parametrize("messages", [Messages(), Messages(quiet=True), Messages(progress=False)])
def test_no_bar_is_shown_where_none_is_wanted(
    folder: Path, messages: Messages, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(folder, messages, capsys) == ""
