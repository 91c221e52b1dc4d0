"""Tables for the tests of scaling: written, read back, and their receipts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.data.options import ReadOptions
from zm_cli.formats import find_receipt


def write_table(path: str, values: NDArray[Any]) -> None:
    lines = [",".join([*(repr(float(x)) for x in row), "x"]) for row in values]
    names = "abcdefgh"[: values.shape[1]]
    Path(path).write_text("\n".join([",".join([*names, "text"]), *lines]) + "\n")


def read_table(path: str, columns: int = 2) -> NDArray[np.float64]:
    return np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(columns), ndmin=2)


def receipt_of(path: str) -> dict[str, Any]:
    return dict(find_receipt(path, ReadOptions()) or {})
