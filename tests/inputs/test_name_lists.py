"""Lists of names in messages are short."""

from __future__ import annotations

import pytest

from zm_cli.inputs.name_lists import list_few, name_one_of, quote_few


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, ""), (1, "a"), (2, "a, b"), (3, "a, b and 1 more"), (5000, "a, b and 4,998 more")],
)
def test_the_first_entries_are_listed_and_the_others_counted(count: int, shown: str) -> None:
    entries = list("abc"[:count]) + ["x"] * (count - 3)
    assert list_few(entries, 2) == shown
    assert list_few(entries[:2], 2, total=count) == shown


def test_names_are_in_quotes() -> None:
    assert quote_few(iter(["a", "b, c", "d"]), 2) == "'a', 'b, c' and 1 more"
    assert quote_few(["a", "b, c"], 2, total=5000) == "'a', 'b, c' and 4,998 more"


def test_a_file_that_is_not_known_is_one_of_a_range() -> None:
    assert name_one_of("a.png", "i.png", 9000) == "one of 9,000 files, a.png to i.png"
    assert name_one_of("a.png", "a.png", 1) == "a.png"
