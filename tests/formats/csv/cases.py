"""The CSV cases of the tests that hold for every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.formats.case import Case, average_table, draw


def write(folder: Path, values: NDArray[Any]) -> Path:
    lines = ["id,a,b,c"] + [f"n{index}," + ",".join(map(repr, row.tolist())) for index, row in enumerate(values)]
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    return folder / "table.csv"


def read(path: Path) -> NDArray[Any]:
    return np.array([[float(cell) for cell in line.split(",")[1:]] for line in path.read_text().splitlines()[1:]])


CASES = [Case("csv", draw((200, 3), "float64"), write, ("column", "all"), "out.csv", read, average_table)]
