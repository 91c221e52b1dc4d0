"""Files that are read ahead of their use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zm_cli.formats.images.ahead import read_ahead


def test_contents_and_errors_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    for index in range(30):
        (tmp_path / str(index)).write_bytes(bytes([index]) * index * 100)
    paths = [str(tmp_path / str(index)) for index in range(30)]
    paths[12] = str(tmp_path / "missing")
    found = list(read_ahead(paths))
    assert isinstance(found[12], FileNotFoundError)
    assert [data for data in found if isinstance(data, bytes)] == [
        bytes([index]) * index * 100 for index in range(30) if index != 12
    ]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc")
def test_files_not_read_are_closed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    before = len(os.listdir("/proc/self/fd"))
    files = read_ahead([str(tmp_path / "a")] * 20)
    next(files)
    files.close()
    assert len(os.listdir("/proc/self/fd")) == before
