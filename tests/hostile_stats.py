"""What the tests of stats files from strangers share: valid ones to start from, and what is said of others."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made import make_stats
from zm_cli.errors import DataError
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import is_stats_file, load_stats

IMAGES = np.random.default_rng(7).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
TABLE = np.random.default_rng(8).normal(size=(9, 2))
ARRAYS = ("count", "missing", "mean", "m2", "min", "max", "std", "var")
"""The arrays that every stats file has."""
LATER_FIELDS = frozenset(
    {"partial", "requires", "classes", "provenance", "transform", "tail", "text_columns", "shard", "sum", "squares"}
)
"""The fields that the first stats files did not have."""


def images(**options: Any) -> Stats:
    return make_stats(IMAGES, "channel", axes="NHWC", names=("R", "G", "B"), kind="images", **options)


def table() -> Stats:
    return make_stats(TABLE, "column", axes="NC", names=("a", "b"), kind="csv")


def document_of(stats: Stats) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_json(stats.to_document()))
    return document


def refused(content: bytes | str, folder: Path, name: str = "a.json") -> str:
    """The one line that refuses a file of this content, which names the file."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    is_stats_file(str(path))
    with pytest.raises(DataError) as caught:
        load_stats(str(path))
    line = str(caught.value)
    assert line.startswith(str(path))
    assert "\n" not in line
    assert len(line) < 600 + len(str(path))
    return line


def loaded(content: bytes, folder: Path, name: str = "a.npz") -> Stats:
    (folder / name).write_bytes(content)
    return load_stats(str(folder / name))


MEASURE = """
import sys
from zm_cli.errors import DataError
from zm_cli.statsfile.store import is_stats_file, load_stats
try:
    is_stats_file(sys.argv[1])
    load_stats(sys.argv[1])
except DataError as error:
    print(error)
status = open("/proc/self/status").read()
print(status.split("VmHWM:")[1].split()[0])
"""


def measured(path: Path) -> tuple[str, int]:
    """What a process of its own, within limits, says of a stats file, and the bytes that it took at most."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({4 << 30}, {4 << 30}))\n{MEASURE}"
    done = subprocess.run(
        [sys.executable, "-c", limited, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert not done.stderr
    says, peak = done.stdout.splitlines() if done.stdout.count("\n") > 1 else ("", done.stdout)
    return says, int(peak) << 10
