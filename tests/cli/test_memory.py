"""Peak memory does not grow with the data: measured by the kernel, on the whole process."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np

from tests.memory import finish_measured, start_measured
from tests.shell import ZM
from tests.systems import needs_limits, slow

ROOT = Path(__file__).parents[2]


def peak_of(*arguments: str | Path) -> int:
    """The peak memory of zm, in kB."""
    return finish_measured(start_measured([*ZM, *arguments], env={**os.environ, "PYTHONPATH": str(ROOT)}))


def write_hdf5(path: Path, samples: int) -> Path:
    """Samples of 192 kB. Only the first are stored; the others are the fill value and take no disk space."""
    with h5py.File(path, "w") as file:
        data = file.create_dataset("x", (samples, 256, 256, 3), "u1", chunks=(16, 256, 256, 3), fillvalue=7)
        data[:16] = np.random.default_rng(1).integers(0, 256, (16, 256, 256, 3), dtype=np.uint8)
    return path


ROOM = 64 << 10
"""kB by which peaks may differ: how many blocks of 8 MB two workers hold at the peak is random.

Peaks also grow with the first hundred megabytes, until each thread's heap has its size: the smaller input has more."""


@needs_limits
@slow
def test_half_a_gigabyte_more_of_samples_takes_no_more_memory_to_measure(tmp_path: Path) -> None:
    small, large = (write_hdf5(tmp_path / f"{samples}.h5", samples) for samples in (1600, 4800))
    for per in ("channel", "pixel"):
        assert peak_of("stats", large, "--per", per) <= peak_of("stats", small, "--per", per) + ROOM


@needs_limits
@slow
def test_two_hundred_megabytes_more_of_rows_take_no_more_memory(tmp_path: Path) -> None:
    line = "".join(f"{index / 7:.15f},{index},text\n" for index in range(1000))
    small, large, output = tmp_path / "small.csv", tmp_path / "large.csv", tmp_path / "out.csv"
    small.write_text("x,y,z\n" + line * 4500)
    large.write_text("x,y,z\n" + line * 12000)
    assert peak_of("stats", large) <= peak_of("stats", small) + ROOM
    peak = peak_of("center", large, "-o", output)
    assert peak <= peak_of("center", small, "-o", output) + ROOM
    assert peak_of("center", large, "-o", output, "-j", "2", "--memory", "64MB") <= peak - ROOM // 2
