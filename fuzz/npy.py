"""Fuzzes NumPy files: finds crashes, and values that differ from those that NumPy reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuzz.harness import Ending
from fuzz.mutations import LARGE, damage
from fuzz.target import Target

HEAD = 128
"""The first bytes of a file, which get half of the damage: the header."""
TOKENS = (*LARGE, b"True", b"False", b"<f8", b">i2", b"|O8", b"(0,)", b"PK\3\4", b"PK\1\2", b"\x93NUMPY")
"""Extreme numbers, and the words of both formats."""


def make_seeds(folder: Path) -> None:
    """Writes a small file for each memory order, byte order and form."""
    values = np.random.default_rng(1).integers(0, 100, (30, 4)).astype("f8")
    np.save(folder / "c.npy", values)
    np.save(folder / "fortran.npy", np.asfortranarray(values.astype(">i2")))
    np.save(folder / "images.npy", values.reshape(5, 4, 2, 3).astype("u1"))
    np.savez(folder / "stored.npz", x=values, y=np.arange(30))
    np.savez_compressed(folder / "packed.npz", x=values, note=np.array("text"))


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the bytes damaged, half of the time in the header."""
    return damage(data, generator, head=HEAD, tokens=TOKENS)


def make_commands(path: Path, output: Path) -> Sequence[Sequence[str]]:
    """Returns the commands that compute statistics of all values and center the file."""
    return (
        ("stats", str(path), "--per", "all", "--json"),
        ("center", str(path), "--per", "all", "-o", str(output / f"out{path.suffix}"), "--dtype", "float64"),
    )


def check(path: Path, output: Path, endings: Sequence[Ending]) -> str | None:
    """Compares the mean with that of the array that NumPy reads, where both read one."""
    if endings[0].code:
        return None
    document = json.loads(endings[0].out)
    values = _load(path, document["decoding"].get("dataset"))
    if values is None:
        return "NumPy does not read what was measured"
    with np.errstate(all="ignore"):
        finite = values[np.isfinite(values)].astype(np.float64)
        same = len(finite) == document["count"][0] and np.isclose(finite.mean(), document["mean"][0], rtol=1e-9)
    return None if same else "the mean is not that of the values that NumPy reads"


def _load(path: Path, name: str | None) -> NDArray[Any] | None:
    try:
        found = np.load(path, allow_pickle=False)
        return np.asarray(found if name is None else found[name])
    except Exception:
        return None


TARGET = Target(
    make_seeds,
    mutate,
    make_commands,
    check,
    preload=(
        "zm_cli.cli.main",
        "numpy",
        "zm_cli.formats.npy.source",
        "zm_cli.formats.npy.sink",
        "zm_cli.pipeline.applying.apply",
    ),
)
