"""`zm join`: what it prints as JSON, and what it says of what is not a part."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from tests.inprocess import call_zm
from tests.schemas import load_closed
from zm_cli.methods import methods


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a table and an array of 12 samples, each with its statistics, and their parts."""
    values = np.random.default_rng(3).normal(size=(12, 2))
    np.save(tmp_path / "x.npy", values)
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in values.tolist()))
    for name in ("x.npy", "t.csv"):
        assert call_zm("stats", name, "-qo", f"{name}.json", cwd=tmp_path).code == 0
        for part in ("1", "2"):
            line = ("center", name, "--stats", f"{name}.json", "--shard", f"{part}/2", "-qo", f"{part}.{name}")
            assert call_zm(*line, cwd=tmp_path).code == 0
    return tmp_path


def join(folder: Path, *arguments: str) -> dict[str, object]:
    """What is printed as JSON, which must match the schema."""
    ran = call_zm("join", *arguments, "--json", cwd=folder)
    assert (ran.code, ran.err) == (0, "")
    document: dict[str, object] = json.loads(ran.out)
    jsonschema.validate(document, load_closed("joined"))
    return document


def test_the_result_is_printed_as_json(folder: Path) -> None:
    whole = {"format": "zm-joined", "version": 1, "notes": [], "warnings": []}
    assert join(folder, "2.x.npy", "1.x.npy", "-o", "y.npy") == whole | {
        "output": "y.npy",
        "kind": "npy",
        "parts": 2,
        "samples": 12,
    }
    # The parts of a table record how many bytes of text were cut.
    assert join(folder, "1.t.csv", "2.t.csv", "-o", "u.csv")["samples"] is None
    line = ("center", "t.csv", "--stats", "t.csv.json", "--parts", "3", "-qo", "parts")
    assert call_zm(*line, cwd=folder).code == 0
    for named in ("parts", "parts/parts.json"):
        made = join(folder, named, "-o", "u.csv")
        assert (made["kind"], made["parts"], made["samples"]) == ("csv", 3, 12)


@pytest.mark.parametrize("samples", [None, -1, True, 1.5, "12"])
def test_a_number_of_samples_that_is_not_possible_is_not_printed(folder: Path, samples: object) -> None:
    line = ("center", "t.csv", "--stats", "t.csv.json", "--parts", "2", "-qo", "parts")
    assert call_zm(*line, cwd=folder).code == 0
    record = json.loads((folder / "parts" / "parts.json").read_text())
    (folder / "parts" / "parts.json").write_text(json.dumps(record | {"samples": samples}))
    assert join(folder, "parts", "-o", "u.csv")["samples"] is None


def test_the_commands_that_write_parts_are_named(folder: Path) -> None:
    ran = call_zm("join", "t.csv", "-o", "u.csv", cwd=folder)
    assert ran.code == 3
    for method in methods().values():
        assert f"zm {method.command}" in ran.err
    assert ran.err.endswith(" write parts with --shard I/N\n")
