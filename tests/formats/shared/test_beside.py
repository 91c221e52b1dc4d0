"""Arrays beside the data: which shapes fit, and what text and numbers are labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zm_cli.data.options import Option
from zm_cli.errors import DataError, UsageError
from zm_cli.formats.shared.beside import (
    BOOLEANS,
    Entries,
    find_entry_axis,
    fit_mask,
    may_be_beside,
    read_labels,
    read_weights,
)
from zm_cli.formats.shared.options import BY, MASK, WEIGHT
from zm_cli.formats.shared.sampling import SampleRange


class InMemory:
    """Reads entries of an array in memory."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        return self.values[start:stop]


def names_of(values: Any, address: SampleRange | None = None, **fields: Any) -> list[str | None]:
    rows = InMemory(values)
    labels = read_labels(Entries(rows, "y", **fields), address or SampleRange(0, len(rows.values)))
    assert len(set(labels.names)) == len(labels.names) == len({*labels.codes.tolist()} - {-1})
    return [labels.names[code] if code >= 0 else None for code in labels.codes]


def test_whole_numbers_and_texts_name_themselves() -> None:
    assert names_of(np.array([3, -1, 3], np.int8)) == ["3", "-1", "3"]
    assert names_of(np.array([2**63], np.uint64)) == [str(2**63)]
    assert names_of([1.0, np.nan, -0.0]) == ["1", None, "0"]
    assert names_of([" cat", "dog\0", "", "cat "]) == ["cat", "dog", None, "cat"]
    assert names_of(np.array([b"na\xc3\xafve", b"na\xefve", b"  "])) == ["naïve", "naïve", None]
    assert names_of(np.array(["a\ud800"])) == ["a?"]


def test_numbers_have_the_names_that_are_known() -> None:
    assert names_of(np.array([0, 1, 7], np.uint8), names=BOOLEANS) == ["False", "True", "7"]
    assert names_of([1, -1, 0, 5], names={0: "cat", 1: "dog"}, named=True) == ["dog", None, "cat", None]
    # Two numbers of one name are one group.
    assert names_of([0, 1, 2], names={0: "x", 1: "x"}) == ["x", "x", "2"]


def test_numbers_that_are_marked_as_missing_are_not_labels() -> None:
    assert names_of([4, -9, 4], missing=(-9.0,)) == ["4", None, "4"]


def test_only_labels_of_picked_samples_are_named() -> None:
    address = SampleRange(1, 5, (0, 2))
    assert names_of(["a", "b", "c", "d", "e"], address) == ["b", "d"]
    assert names_of([5, 6, 7, 8, 9], address) == ["6", "8"]


def test_many_labels_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zm_cli.formats.shared.beside.TEXTS_AT_ONCE", 3)
    texts = [f"{index % 4}" for index in range(20)]
    assert names_of(texts) == names_of(np.array(texts, int)) == texts
    assert names_of(texts, SampleRange(2, 19)) == texts[2:19]


@pytest.mark.parametrize("value", [0.5, np.inf])
def test_a_number_that_is_not_whole_is_not_a_label(value: float) -> None:
    with pytest.raises(DataError, match=f"y: the label of sample 3 is {value}; labels are whole numbers or text"):
        names_of([1, 0, value], SampleRange(1, 3))


@pytest.mark.parametrize("value", [-1, np.nan, np.inf, -9.5])
def test_a_weight_is_finite_and_not_negative(value: float) -> None:
    entries = Entries(InMemory([0, 2, value]), "w")
    assert read_weights(entries, SampleRange(0, 2)).tolist() == [0, 2]
    with pytest.raises(DataError, match=f"w: the weight of sample 3 is {value}"):
        read_weights(entries, SampleRange(0, 3))


def test_a_weight_that_is_marked_as_missing_is_refused() -> None:
    with pytest.raises(DataError, match="sample 2 is 99"):
        read_weights(Entries(InMemory([1, 99]), "w", missing=(99.0,)), SampleRange(0, 2))


@pytest.mark.parametrize(("shape", "axis"), [((5,), 0), ((5, 1), 0), ((1, 5), 1), ((1, 1, 5), 2)])
def test_one_axis_has_the_entries(shape: tuple[int, ...], axis: int) -> None:
    assert find_entry_axis(BY, shape, 5, "y") == axis


@pytest.mark.parametrize(
    ("option", "shape", "message"),
    [
        (BY, (4,), r"y: has the shape \(4,\), but there are 5 samples; --by is for one label a sample"),
        (WEIGHT, (5, 2), r"has the shape \(5, 2\), but there are 5 samples; --weight is for one weight a sample"),
        (BY, (5, 3), r"not one label for each of 5 samples; of one-hot labels, .* labels.argmax\(axis=1\)"),
    ],
)
def test_other_numbers_of_entries_are_refused(option: Option[str], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_entry_axis(option, shape, 5, "y")


@pytest.mark.parametrize(
    ("mask", "letters", "fit"),
    [
        ((9, 4, 5, 3), "NHWC", (0, (4, 5, 3))),
        ((9, 4, 5), "NHWC", (0, (4, 5, 1))),
        ((9, 4, 5, 1), "NHWC", (0, (4, 5, 1))),
        ((9, 4), "NHWC", (0, (4, 1, 1))),
        ((9,), "NHWC", (0, (1, 1, 1))),
        ((9, 5, 3), "NCHW", (0, (1, 5, 3))),
        ((4, 5, 3), "HWCN", None),
        ((9, 4, 5), "NUVX", (0, (4, 5, 1))),
        ((9, 5, 4), "NHWC", None),
        ((1, 4, 5, 3), "NHWC", None),
        ((8,), "NHWC", None),
        ((), "NHWC", None),
    ],
)
def test_a_mask_has_the_axes_of_the_data_or_the_first_ones(
    mask: tuple[int, ...], letters: str, fit: tuple[int, tuple[int, ...]] | None
) -> None:
    shape = (9, 4, 5, 3)
    if fit is not None:
        assert fit_mask(mask, shape, letters, "m") == fit
        return
    with pytest.raises(UsageError, match=r"m: has the shape .*, the data have"):
        fit_mask(mask, shape, letters, "m")


def test_a_mask_follows_the_axis_of_the_samples() -> None:
    assert fit_mask((4, 5, 9), (4, 5, 3, 9), "HWCN", "m") == (2, (4, 5, 1))


def test_what_can_be_beside_the_data_is_seen_by_its_shape() -> None:
    possible = [(BY, (5, 1)), (MASK, (5, 2)), (WEIGHT, (5, 2)), (BY, ()), (MASK, (0, 2))]
    assert [may_be_beside(option, shape) for option, shape in possible] == [True, True, False, False, False]
