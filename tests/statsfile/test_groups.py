"""Statistics by group and of samples with weights in stats files: every form keeps their bits, damage is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bits import assert_same_bits
from tests.hostile_stats import document_of
from tests.made import make_stats
from tests.schemas import load_closed
from zm_cli.data.block import Labels
from zm_cli.errors import DataError, UsageError
from zm_cli.numbers.accumulate import Accumulator
from zm_cli.numbers.axes import find_feature_axes
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.statistic import Statistic
from zm_cli.statistics.covariance import Covariance
from zm_cli.statistics.quantiles import Quantiles
from zm_cli.statistics.zeros import Zeros
from zm_cli.statsfile import store
from zm_cli.statsfile.arrays import known_arrays
from zm_cli.statsfile.digest import digest_stats
from zm_cli.statsfile.encode import to_json
from zm_cli.statsfile.reader import read_json
from zm_cli.statsfile.stats import Stats
from zm_cli.statsfile.store import load_stats, save_stats

RNG = np.random.default_rng(1)
TABLE = np.round(RNG.normal(5, 2, (30, 3)), 2)
TABLE[3, 1] = TABLE[7, 1] = np.nan
CODES = RNG.integers(-1, 3, 30)
NAMES = ("b", "a", "\N{SNOWMAN} / .")
SUFFIXES = [".json", ".npz", ".h5"]


def group(
    values: NDArray[Any] = TABLE,
    per: Any = "column",
    axes: str = "NC",
    *,
    statistics: tuple[type[Statistic], ...] = (),
    weights: NDArray[np.float64] | None = None,
    codes: NDArray[np.int64] = CODES,
) -> Stats:
    """The statistics of an array, and of the groups of its samples."""
    stats = make_stats(values, per, axes=axes, names=("x", "y", "z") if axes == "NC" else None, kind="csv")
    running = Accumulator(find_feature_axes(axes, per), (), statistics, by="kind")
    running.add_block(values, Labels(codes, NAMES), weights)
    moments, optional = running.finish()
    return replace(stats, moments=moments, statistics={each.name: each for each in optional}, groups=running.groups)


def groups_of(stats: Stats) -> Groups:
    assert stats.groups is not None
    return stats.groups


def read(document: dict[str, Any]) -> Stats:
    return read_json(json.dumps(document).encode(), "here")


IMAGES = RNG.integers(0, 256, (30, 4, 5, 3)).astype(np.uint8)
MADE = {
    "table": group(),
    "optional": group(statistics=(Covariance, Quantiles, Zeros)),
    "weights": group(weights=RNG.random(30)),
    "weights_of_0": group(weights=np.arange(30) % 3 / 2),
    "pixels": group(IMAGES, "pixel", "NHWC"),
    "pixels_optional": group(IMAGES, "pixel", "NHWC", statistics=(Covariance, Quantiles, Zeros)),
    "all": group(IMAGES, "all", "NHWC"),
    "no_group": group(codes=np.full(30, -1)),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("stats", MADE.values(), ids=MADE)
def test_a_stats_file_gives_back_the_same_bits(tmp_path: Path, stats: Stats, suffix: str) -> None:
    path = str(tmp_path / f"a{suffix}")
    save_stats(stats, path)
    back = load_stats(path)
    assert to_json(back.to_document()) == to_json(stats.to_document())
    mine, theirs = groups_of(stats), groups_of(back)
    assert (theirs.by, theirs.names, theirs.unlabelled) == ("kind", mine.names, mine.unlabelled)
    assert_same_bits(theirs.moments, mine.moments)
    again = str(tmp_path / f"b{suffix}")
    save_stats(back, again)
    assert Path(again).read_bytes() == Path(path).read_bytes()


@pytest.mark.parametrize("stats", MADE.values(), ids=MADE)
def test_it_is_valid_by_the_schema(stats: Stats) -> None:
    jsonschema.validate(document_of(stats), load_closed("stats"))


def test_every_array_of_a_statistic_has_one_by_group() -> None:
    document = MADE["optional"].to_document()
    arrays = {field for field, value in document.items() if isinstance(value, np.ndarray)}
    assert arrays <= known_arrays().keys()
    plain = {field for field in arrays if not field.startswith("groups.")}
    assert {f"groups.{field}" for field in plain} == arrays - plain


def test_the_digest_does_not_depend_on_groups() -> None:
    assert digest_stats(MADE["optional"]) == digest_stats(replace(MADE["optional"], groups=None))


def test_readers_that_do_not_know_groups_may_ignore_them_but_not_weights() -> None:
    assert MADE["table"].to_document()["requires"] == []
    document = document_of(MADE["weights"])
    assert document["requires"] == ["weight_sum"]
    del document["groups"]
    assert read(document).groups is None
    document["requires"] = ["weight_product"]
    with pytest.raises(DataError, match="requires 'weight_product', which this zm does not know"):
        read(document)


def test_columns_are_selected_in_the_groups(tmp_path: Path) -> None:
    selected = MADE["optional"].select(["z", "x"])
    save_stats(selected, str(tmp_path / "a.json"))
    back = groups_of(load_stats(str(tmp_path / "a.json")))
    np.testing.assert_array_equal(back.moments.mean, groups_of(MADE["optional"]).moments.mean[:, [2, 0]])


Damage = Callable[[dict[str, Any]], object]
DAMAGES: dict[str, tuple[Damage, str]] = {
    "names_twice": (lambda groups: groups.update(names=["a", "a", "b"]), "'groups.names' holds a text twice"),
    "no_names": (lambda groups: groups.pop("names"), "'groups.names' is not there"),
    "fewer_names": (lambda groups: groups["names"].pop(), "'groups.samples' are not a number of samples for each"),
    "no_by": (lambda groups: groups.pop("by"), "'groups.by' is not there"),
    "samples": (lambda groups: groups["samples"].__setitem__(0, -1), "'groups.samples' are not a number"),
    "sum": (lambda groups: groups.update(unlabelled=99), "'groups.samples' do not add up to the samples"),
    "no_mean": (lambda groups: groups.pop("mean"), "'groups.mean' is not there"),
    "shape": (lambda groups: groups["mean"].pop(), r"'groups.mean' has the shape \(2, 3\)"),
    "mean": (lambda groups: groups["mean"][1].__setitem__(2, 1e6), "'groups.mean' does not lie between"),
    "std": (lambda groups: groups["std"][1].__setitem__(2, 77.0), "'groups.std' does not follow"),
    "count": (lambda groups: groups["count"][0].__setitem__(0, 1), "'groups.count' and 'missing' do not add up"),
    "zeros": (lambda groups: groups["zeros"][0].__setitem__(0, 99), "'groups.zeros' are more than the values"),
    "no_zeros": (lambda groups: groups.pop("zeros"), "'groups' lack some of"),
    "buckets": (lambda groups: groups["quantiles"].pop("buckets"), "'groups.quantiles.buckets' is not there"),
    "matrix": (lambda groups: groups["covariance"]["comoment"].pop(), "'groups.covariance.comoment' has the shape"),
}


@pytest.mark.parametrize(("damage", "says"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_refused(damage: Damage, says: str) -> None:
    document = document_of(MADE["optional"])
    damage(document["groups"])
    with pytest.raises(DataError, match=says):
        read(document)


def test_a_section_that_is_not_an_object_is_refused() -> None:
    with pytest.raises(DataError, match="'groups' is not an object"):
        read(document_of(MADE["table"]) | {"groups": []})


def test_groups_that_are_not_those_of_all_samples_are_refused() -> None:
    labelled = np.maximum(CODES, 0)
    document = document_of(group(codes=labelled))
    document["groups"] = document_of(group(TABLE[:, [1, 0, 2]], codes=labelled))["groups"]
    with pytest.raises(DataError, match=r"'groups\.count' does not add up to 'count' of all samples"):
        read(document)


def test_weights_of_all_samples_without_those_of_groups_are_refused() -> None:
    document = document_of(MADE["weights"])
    for field in ("weight_sum", "weight_squares"):
        del document["groups"][field]
    document["groups"] |= {
        field: MADE["table"].to_document()[f"groups.{field}"].tolist() for field in ("std", "var", "m2")
    }
    with pytest.raises(DataError, match=r"'groups\.weight_sum' is there for all samples or for the groups only"):
        read(document)


def test_more_groups_and_features_than_json_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "JSON_FEATURES", 8)
    with pytest.raises(UsageError, match=r"at most 8 features, here are 3 in 3 groups; end its name in \.npz"):
        save_stats(MADE["table"], str(tmp_path / "a.json"))
    save_stats(MADE["table"], str(tmp_path / "a.npz"))
    monkeypatch.undo()
    monkeypatch.setattr(store, "JSON_BYTES", 1000)
    with pytest.raises(UsageError, match=r"end its name in \.npz"):
        save_stats(MADE["table"], str(tmp_path / "a.json"))
    assert not (tmp_path / "a.json").exists()
