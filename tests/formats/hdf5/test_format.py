"""What is recognised as an HDF5 file."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from tests.formats.hdf5.files import draw
from zm_cli.formats import detect
from zm_cli.formats.hdf5 import FORMAT


@pytest.mark.parametrize("name", ["a.h5", "a.HDF5", "a.hdf", "a.he5", "a.h5ad"])
def test_a_file_is_recognised_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert FORMAT.recognize(tmp_path / name) is not None


@pytest.mark.parametrize("userblock", [0, 512, 1024, 2048])
def test_a_file_is_recognised_by_its_signature(tmp_path: Path, userblock: int) -> None:
    with h5py.File(tmp_path / "data.mat", "w", userblock_size=userblock) as file:
        file["x"] = draw((4, 3))
    assert detect(str(tmp_path / "data.mat")).kind == "hdf5"


def test_other_files_and_folders_are_not_recognised(tmp_path: Path) -> None:
    (tmp_path / "old.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(3000))
    (tmp_path / "old.nc").write_bytes(b"CDF\x01")
    (tmp_path / "folder.h5").mkdir()
    assert not any(FORMAT.recognize(tmp_path / name) for name in ("old.mat", "old.nc", "folder.h5", "absent.h5"))
