"""NIST's reference datasets, from CSV and from HDF5, against rational arithmetic and the certified values."""

from __future__ import annotations

import csv
import json
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import h5py
import numpy as np
import pytest

from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.measuring.measure import measure
from zm_cli.pipeline.options import MeasureOptions
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats

NIST = Path(__file__).parents[2] / "data" / "nist"
CERTIFIED = json.loads((NIST / "certified.json").read_text())


def read_doubles(name: str) -> list[float]:
    with (NIST / f"{name}.csv").open(newline="") as file:
        return [float(row[0]) for row in list(csv.reader(file))[1:]]


def exact_std(numbers: list[float], ddof: int) -> Decimal:
    """The standard deviation of these doubles, to forty digits."""
    fractions = [Fraction(number) for number in numbers]
    mean = sum(fractions, Fraction()) / len(fractions)
    variance = sum(((fraction - mean) ** 2 for fraction in fractions), Fraction()) / (len(fractions) - ddof)
    with localcontext() as context:
        context.prec = 40
        return (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()


def measure_file(path: Path, per: str) -> Stats:
    source = open_source(str(path), ReadOptions())
    return measure([source], MeasureOptions(per), Plan(1))[0]


@pytest.mark.parametrize("kind", ["csv", "h5"])
@pytest.mark.parametrize("name", sorted(CERTIFIED))
def test_a_reference_dataset_is_measured_as_exactly_as_doubles_allow(name: str, kind: str, tmp_path: Path) -> None:
    doubles = read_doubles(name)
    path = NIST / f"{name}.csv"
    if kind == "h5":
        path = tmp_path / "data.h5"
        with h5py.File(path, "w") as file:
            file["values"] = np.array(doubles)
    moments = measure_file(path, "column" if kind == "csv" else "all").moments
    mean = sum((Fraction(double) for double in doubles), Fraction()) / len(doubles)
    assert abs(Fraction(moments.mean.item()) - mean) <= abs(mean) * Fraction(1, 10**14)
    for ddof in (0, 1):
        assert moments.std(ddof).item() == pytest.approx(float(exact_std(doubles, ddof)), rel=1e-10)
    # The certified values are those of the decimal texts. Reading these as doubles changes the standard deviation of
    # NumAcc3 and NumAcc4 by 3.5e-10 and 5.6e-9, with any algorithm.
    certified = CERTIFIED[name]
    assert moments.mean.item() == pytest.approx(float(certified["certified_mean"]), rel=1e-14)
    tolerance = {"NumAcc3": 1e-9, "NumAcc4": 1e-8}.get(name, 1e-12)
    assert moments.std(1).item() == pytest.approx(float(certified["certified_std_ddof1"]), rel=tolerance)


def test_all_datasets_side_by_side_agree_with_each_alone() -> None:
    stats = measure_file(NIST / "all_ragged_padded.csv", "column")
    assert stats.names is not None
    for index, name in enumerate(stats.names):
        doubles = read_doubles(name)
        assert stats.moments.count[index] == len(doubles)
        assert stats.moments.std(1)[index] == pytest.approx(float(exact_std(doubles, 1)), rel=1e-10)


def test_values_near_a_million_million_keep_nine_digits(tmp_path: Path) -> None:
    values = 1e12 + np.random.default_rng(20260101).random(1_000_000)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["values"] = values
    text = "x\n" + "\n".join(map(repr, values.tolist())) + "\n"
    (tmp_path / "data.csv").write_text(text)
    expected = float(np.std(values - 1e12))  # exact differences: the values lie in one binade
    for name, per in (("data.h5", "all"), ("data.csv", "column")):
        assert measure_file(tmp_path / name, per).moments.std().item() == pytest.approx(expected, rel=1e-9)
