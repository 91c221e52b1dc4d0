"""What --json prints of distributions: histograms of any number of bins, and the number of different values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.inprocess import call_zm


def test_histograms_are_those_of_numpy_while_values_are_few(tmp_path: Path) -> None:
    values = np.random.default_rng(4).integers(-40, 40, (500, 2)).astype("f8")
    values[:3, 1] = np.nan
    np.save(tmp_path / "v.npy", values)
    arguments = ("stats", tmp_path / "v.npy", "--quantiles", "50", "--bins", "7", "--json")
    found = json.loads(call_zm(*map(str, arguments)).out)["quantiles"]
    for index, drawn in enumerate(found["histogram"]):
        column = values[:, index][~np.isnan(values[:, index])]
        counts, edges = np.histogram(column, 7)
        np.testing.assert_array_equal(drawn["counts"], counts)
        np.testing.assert_allclose(drawn["edges"], edges, rtol=1e-15)
        assert found["distinct"][index] == len(np.unique(column))


def test_many_values_have_a_histogram_and_no_number(tmp_path: Path) -> None:
    values = np.random.default_rng(4).normal(size=(20_000, 1))
    np.save(tmp_path / "v.npy", values)
    found = json.loads(call_zm("stats", str(tmp_path / "v.npy"), "--quantiles", "default", "--json").out)["quantiles"]
    assert found["distinct"] == [None]
    (drawn,) = found["histogram"]
    counts, _ = np.histogram(values, 10)
    # A bucket that an edge cuts is shared out: it holds a few values.
    np.testing.assert_allclose(drawn["counts"], counts, atol=5)
