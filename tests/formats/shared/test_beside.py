"""Arrays beside the data: which texts and numbers are labels, and which are weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zm_cli.errors import DataError
from zm_cli.formats.shared.beside import BOOLEANS, Entries, read_labels, read_weights
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
