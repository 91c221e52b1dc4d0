"""Runs the checks of `zm inspect` in the process of the tests, and makes the data that several test files check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np
from sklearn.datasets import load_digits, load_wine

from tests.inprocess import call_zm
from tests.schemas import load_closed
from tests.shell import Ran

SCHEMA = load_closed("check")
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def inspect(path: str | Path, *arguments: str | Path) -> Ran:
    return call_zm("inspect", path, *arguments)


def document(path: str | Path, *arguments: str | Path) -> dict[str, Any]:
    """The findings as JSON, which must match the schema and the exit code."""
    ran = inspect(path, *arguments, "--json")
    found: dict[str, Any] = json.loads(ran.out)
    VALIDATOR.validate(found)
    assert ran.code == (0 if found["ok"] else 1)
    whole = not (found["missing_columns"] or found["unseen"])
    assert found["ok"] == (all(feature["ok"] for feature in found["features"]) and whole)
    return found


def write_table(path: Path, names: list[str], rows: np.ndarray, labels: bool = True) -> Path:
    lines = [",".join(map(repr, map(float, row))) + (",text" if labels else "") for row in rows]
    path.write_text("\n".join([",".join(names) + (",label" if labels else ""), *lines]) + "\n")
    return path


def done(*arguments: str | Path) -> None:
    ran = call_zm(*arguments, "-q")
    assert (ran.code, ran.err) == (0, "")


def make_wine(made: Path) -> Path:
    """The wine data in two parts, both standardized by the statistics of the training part; and digits in HDF5."""
    wine = load_wine()
    order = np.random.default_rng(0).permutation(len(wine.data))
    names = list(wine.feature_names)
    write_table(made / "train.csv", names, wine.data[order[:120]])
    write_table(made / "test.csv", names, wine.data[order[120:]])
    done("standardize", made / "train.csv", "-o", made / "out.csv", "--save-stats", made / "s.json")
    done("standardize", made / "test.csv", "-o", made / "out_test.csv", "--stats", made / "s.json")
    with h5py.File(made / "digits.h5", "w") as file:
        file["images"] = load_digits().images.astype(np.uint8)
    return made
