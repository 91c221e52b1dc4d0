"""HDF5 files that once did harm, or could: each is read, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from fuzz.harness import run_zm as run_forked

HOSTILE = Path(__file__).parents[2] / "data" / "hostile" / "hdf5"

ENDINGS = {
    "chunk-bomb.h5": "a chunk has more than",
    "chunk-of-no-bytes.h5": "a chunk has 0 bytes instead of 108",
    "filter-lost.h5": "a chunk has 64 bytes instead of 192",
    "huge-claim.h5": "of which 1 were ever written",
    "index-contradicts-itself.h5": None,
    "level-beyond-nine.h5": "filter returned failure",
    "link-to-the-system.h5": "leads to /y in another file, /etc/passwd",
    "raw-of-the-system.h5": "has its values in another file, /etc/passwd",
    "short-chunk.h5": "a chunk has 10 bytes instead of 1000",
    "soft-circle.h5": "soft links lead in a circle",
    "virtual-of-itself.h5": "made of themselves",
    "virtual-of-the-system.h5": "with values from another file, /etc/passwd",
}
"""By file name: what the error says, or None if the file is read."""
NEW = pytest.mark.skipif(h5py.version.hdf5_version_tuple < (2,), reason="HDF5 1.14 cannot read what HDF5 2 writes")
READABLE = {"level-beyond-nine.h5": NEW, "virtual-of-itself.h5": NEW}
"""The marks of files that only newer versions of the library can read."""


def test_every_hostile_file_has_an_expected_end() -> None:
    assert {path.name for path in HOSTILE.iterdir()} == set(ENDINGS)


@pytest.mark.parametrize("name", [pytest.param(name, marks=READABLE.get(name, ())) for name in ENDINGS])
def test_a_hostile_file_is_read_or_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    path, output, says = str(HOSTILE / name), tmp_path / "out.h5", ENDINGS[name]
    commands = (["stats", path, "--dataset", "x"], ["center", path, "--dataset", "x", "-o", str(output)])
    for command in commands:
        ran = run_forked([*command, "--per", "all", "-j", "1", "-q"])
        assert ran.kind == ("done" if says is None else "refused"), ran.err
        assert says is None or says in ran.err
    assert output.exists() == (says is None)
    assert run_forked(["inspect", path, "-j", "1", "-q"]).good
