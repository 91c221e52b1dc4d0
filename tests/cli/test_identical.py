"""The same inputs give the same bytes in every output, with any number of workers, at any time."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from tests.shell import run_zm
from tests.systems import slow

SEED = 5


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, an HDF5 file with many kinds of objects, and a folder of images."""
    folder = tmp_path_factory.mktemp("inputs")
    random = np.random.default_rng(SEED)
    rows = "".join(f"{a:.6f},{b:.3e},x{index}\n" for index, (a, b) in enumerate(random.normal(3, 2, (20_000, 2))))
    with gzip.open(folder / "table.csv.gz", "wt") as table:
        table.write("a,b,name\n" + rows)
    with h5py.File(folder / "array.h5", "w") as file:
        values = random.integers(0, 256, (300, 16, 16, 3), np.uint8)
        file.create_dataset("x", data=values, chunks=(32, 16, 16, 3), compression="gzip", track_times=True)
        file.create_dataset("plain/y", data=random.normal(size=300))
        file["names"] = [f"sample {index}" for index in range(300)]
        file["x"].attrs["made by"] = "somebody"
    for index, pixels in enumerate(random.integers(0, 256, (40, 24, 24, 3), np.uint8)):
        path = folder / "images" / "ab"[index % 2] / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


def read_all(path: Path) -> dict[str, bytes]:
    """The bytes of a file, or of every file in a folder."""
    files = [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
    return {str(file.relative_to(path.parent)): file.read_bytes() for file in files}


@slow
@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (("stats", "table.csv.gz"), "out.json"),
        (("stats", "array.h5", "--dataset", "x"), "out.npz"),
        (("stats", "images", "--per", "pixel"), "out.h5"),
        (("standardize", "table.csv.gz"), "out.csv"),
        (("standardize", "table.csv.gz"), "out.csv.gz"),
        (("standardize", "table.csv.gz"), "out.csv.zst"),
        (("center", "array.h5", "--dataset", "x"), "out.h5"),
        (("center", "images"), "out.h5"),
        (("center", "images"), "out"),
        (("center", "images", "--format", "tiff"), "out"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_two_runs_write_the_same_bytes(inputs: Path, tmp_path: Path, arguments: tuple[str, ...], output: str) -> None:
    runs = []
    for workers in ("1", "3"):
        folder = tmp_path / workers
        folder.mkdir()
        ran = run_zm(arguments[0], arguments[1], "-o", folder / output, "-qj", workers, *arguments[2:], cwd=inputs)
        assert (ran.code, ran.err) == (0, "")
        runs.append(read_all(folder))
    assert [name.partition("/")[2] for name in runs[0]] == [name.partition("/")[2] for name in runs[1]]
    assert list(runs[0].values()) == list(runs[1].values())
