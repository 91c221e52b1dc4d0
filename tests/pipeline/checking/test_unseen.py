"""Groups and classes that training data did not have are named, with the share of the samples in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.made import make_stats
from tests.pipeline.checking.tables import table
from zm_cli.data.options import ReadOptions
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.pipeline.checking.compare import compare_data, compare_stats
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.pipeline.checking.training import Training, open_to_compare
from zm_cli.pipeline.checking.unseen import NO_GROUPS, GroupChanges, find_changes
from zm_cli.running.plan import Plan
from zm_cli.statsfile.stats import Stats


def grouped(by: str = "species", unlabelled: int = 0, **sizes: int) -> Stats:
    """Statistics of so many samples of each group."""
    rows = np.zeros((sum(sizes.values()) + unlabelled, 2))
    names = tuple(sorted(sizes))
    moments = Moments.stack([Moments.from_block(rows[: sizes[name]], (1,)) for name in names])
    counts = np.array([sizes[name] for name in names], np.int64)
    groups = Groups(by, names, counts, moments, ((),) * len(names), unlabelled)
    return replace(table(rows), groups=groups, decoding={"by": by})


def classed(*classes: str) -> Stats:
    return replace(make_stats(np.zeros((8, 2, 2, 3)), "channel", axes="NHWC"), classes=classes)


def test_groups_are_compared_by_their_names() -> None:
    found = find_changes(grouped(setosa=3, gigantea=4, minor=1), grouped(setosa=5, virginica=1))
    assert found == GroupChanges("species", ("gigantea", "minor"), 0.625, ("virginica",))
    same = find_changes(grouped(setosa=3), grouped(setosa=9))
    assert (same.unseen, same.share, same.gone) == ((), 0, ())


def test_samples_without_a_label_are_not_in_an_unseen_group() -> None:
    found = find_changes(grouped(unlabelled=6, a=1, b=3), grouped(a=5))
    assert (found.unseen, found.share) == (("b",), 0.3)


def test_classes_of_pictures_are_compared_where_there_are_no_groups() -> None:
    training = classed("cat", "dog")
    assert find_changes(classed("cat", "emu"), training, {"cat": 6, "emu": 2}) == GroupChanges(
        "class", ("emu",), 0.25, ("dog",)
    )
    # Of statistics, it is not known how many samples each class has.
    assert find_changes(classed("cat", "emu"), training).share is None
    assert find_changes(classed("cat", "emu"), replace(training, groups=grouped(cat=1).groups)).unseen == ("emu",)


@pytest.mark.parametrize(
    ("new", "training"),
    [
        (table([[0, 0]]), table([[0, 0]])),
        (table([[0, 0]]), grouped(a=1)),
        (grouped(a=1), table([[0, 0]])),
        (grouped("one", a=1), grouped("other", b=1)),
        (make_stats(np.zeros((8, 2, 2, 3)), "channel", axes="NHWC"), classed("cat")),
    ],
)
def test_what_is_not_grouped_alike_is_not_compared(new: Stats, training: Stats) -> None:
    assert find_changes(new, training) == NO_GROUPS


def test_an_unseen_group_fails_the_comparison_and_a_lost_one_does_not() -> None:
    training = Training("train", grouped(a=3, b=3))
    lost = compare_stats("new", grouped(a=2), training, Limits())
    assert lost.ok
    assert lost.outcome.notes == ["new: nothing of these groups of the training data: 'b'"]
    unseen = compare_stats("new", grouped(a=2, b=1, c=1), training, Limits())
    assert not unseen.ok
    assert not unseen.wrong.any()
    document = unseen.to_document()
    assert [document[field] for field in ("by", "unseen", "unseen_share", "gone")] == ["species", ["c"], 0.25, []]


def test_statistics_without_the_groups_are_noted() -> None:
    found = compare_stats("new", table([[0, 0]]), Training("train", grouped(a=3)), Limits())
    assert found.ok
    assert found.outcome.notes == ["new: was made without --by species, so groups are not compared"]


def compare_file(path: Path, training: Stats) -> tuple[GroupChanges, list[str]]:
    trained = Training("train", training)
    source = open_to_compare(str(path), ReadOptions(), trained)
    try:
        found = compare_data(source, trained, Limits(), Plan(1))
    finally:
        source.close()
    return found.groups, found.outcome.notes


def test_a_table_is_grouped_as_the_training_data_were_where_it_can_be(tmp_path: Path) -> None:
    training = grouped(setosa=4, minor=1)
    (tmp_path / "new.csv").write_text("a,species,b\n0,setosa,0\n0,gigantea,0\n")
    assert compare_file(tmp_path / "new.csv", training)[0] == GroupChanges("species", ("gigantea",), 0.5, ("minor",))
    (tmp_path / "bare.csv").write_text("a,b\n0,0\n0,0\n")
    assert compare_file(tmp_path / "bare.csv", training) == (
        NO_GROUPS,
        [f"{tmp_path / 'bare.csv'}: is not grouped by species, so its groups are not compared"],
    )


def test_labels_in_an_array_are_compared(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "new.h5", "w") as file:
        file["x"] = np.zeros((4, 2))
        file["labels"] = [1, 1, 7, 3]
    training = replace(grouped("/labels", **{"1": 2, "3": 2}), names=None, dtype="float64")
    training = replace(training, decoding={"by": "/labels", "dataset": "/x", "layout": "NC"})
    source = replace(training.sources[0], kind="hdf5")
    found, _ = compare_file(tmp_path / "new.h5", replace(training, sources=(source,)))
    assert found == GroupChanges("/labels", ("7",), 0.25, ())
