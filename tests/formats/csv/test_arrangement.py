"""Arrangement: new columns in place of others, their order, columns added and left out."""

from __future__ import annotations

from zm_cli.data.sink import OutputFeatures
from zm_cli.formats.csv.arrangement import arrange

NAMES = ("id", "a", "text", "b", "mark")


def make(*names: str, order: tuple[str, ...] | None = None) -> OutputFeatures:
    return OutputFeatures("NC", (len(names),), names, order)


def test_without_other_features_columns_stay_where_they_are() -> None:
    found = arrange(NAMES, (1, 3), (), (), None)
    assert found.keys == (0, 1, 2, 3, 4)
    assert found.features == (1, 3)
    assert found.list_names(NAMES) == list(NAMES)


def test_columns_are_left_out_and_added_at_the_end() -> None:
    found = arrange(NAMES, (1, 3), (4,), ("x", "y"), None)
    assert found.list_names(NAMES) == ["id", "a", "text", "b", "x", "y"]
    assert found.keys[-2:] == (5, 6)


def test_new_columns_stand_where_the_first_old_one_was() -> None:
    found = arrange(NAMES, (1, 3), (), ("x",), make("p", "q", "r"))
    assert found.list_names(NAMES) == ["id", "p", "q", "r", "text", "mark", "x"]
    assert [found.made[key] for key in found.features] == ["p", "q", "r"]
    # Also where the columns were chosen in another order.
    assert arrange(NAMES, (3, 1), (), (), make("p")).list_names(NAMES) == ["id", "p", "text", "mark"]


def test_old_columns_come_back_in_their_old_order() -> None:
    written = ("id", "pc1", "text", "mark")
    order = ("a", "id", "text", "b")
    found = arrange(written, (1,), (3,), (), make("a", "b", order=order))
    assert tuple(found.list_names(written)) == order


def test_the_old_order_of_other_columns_is_of_no_use() -> None:
    written = ("id", "pc1", "renamed")
    found = arrange(written, (1,), (), (), make("a", "b", order=("a", "id", "text", "b")))
    assert found.list_names(written) == ["id", "a", "b", "renamed"]
