"""Texts of options: names in a hint are spelled as the command line takes them."""

from __future__ import annotations

import shlex

import pytest

from zm_cli.errors import UsageError
from zm_cli.inputs.option_text import (
    parse_names,
    parse_percents,
    parse_quantiles,
    parse_range,
    spell_names,
    to_probability,
)


@pytest.mark.parametrize(
    "names", [("a",), ("Len, cm", "b"), ("it's",), ('say "no"', "x,y"), ("$HOME", "a b"), ("fox/", "a,b/")]
)
def test_names_in_a_hint_are_taken_apart_as_they_were(names: tuple[str, ...]) -> None:
    assert parse_names(shlex.split(spell_names(names)), "--exclude") == names


@pytest.mark.parametrize(
    ("text", "percents"),
    [
        ("50", (50.0,)),
        ("99, 1,50,1.0", (1.0, 50.0, 99.0)),
        ("0,100,2.5", (0.0, 2.5, 100.0)),
        ("-0", (0.0,)),
        ("50%, 1 %", (1.0, 50.0)),
        ("default,10", (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 95.0, 99.0)),
        ("default", (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)),
        (None, None),
    ],
)
def test_percents_ascend_and_each_comes_once(text: str | None, percents: tuple[float, ...] | None) -> None:
    assert str(parse_quantiles(text)) == str(percents)


@pytest.mark.parametrize(
    ("percent", "probability"), [(0, 0.0), (0.1, 0.001), (2.5, 0.025), (33.3, 0.333), (50, 0.5), (99.99, 0.9999)]
)
def test_a_percent_is_divided_as_it_is_written(percent: float, probability: float) -> None:
    assert to_probability(percent) == probability


@pytest.mark.parametrize(("text", "wrong"), [("10,x", "x"), ("", ""), ("1,,2", ""), ("101", "101"), ("nan", "nan")])
def test_what_is_not_a_percentage_is_named(text: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=f"--quantiles: '{wrong}' is not a percentage from 0 to 100"):
        parse_quantiles(text)


@pytest.mark.parametrize(
    ("text", "ends"),
    [("0,1", (0.0, 1.0)), ("-1, 1", (-1.0, 1.0)), ("1e-3,255", (0.001, 255.0)), ("-5,-2.5", (-5.0, -2.5))],
)
def test_a_range_is_two_numbers(text: str, ends: tuple[float, float]) -> None:
    assert parse_range(text) == ends


@pytest.mark.parametrize("text", ["", "1", "0;1", "0,1,2", "a,b", "0,"])
def test_what_is_not_two_numbers_is_not_a_range(text: str) -> None:
    with pytest.raises(UsageError, match=r"--range: '.*' is not two numbers; write them as -1,1"):
        parse_range(text)


@pytest.mark.parametrize("text", ["1,0", "1,1", "nan,1", "0,inf", "-inf,0", "-1e308,1e308"])
def test_the_ends_of_a_range_are_finite_and_ascend(text: str) -> None:
    with pytest.raises(UsageError, match="is not a smaller and a larger number; write them as -1,1"):
        parse_range(text)


@pytest.mark.parametrize(
    ("text", "how"), [("0,1e-320", "close together"), ("0,1e-200", "close together"), ("-1e200,1", "far apart")]
)
def test_a_range_is_neither_so_narrow_nor_so_wide_that_scales_overflow(text: str, how: str) -> None:
    with pytest.raises(UsageError, match=f"--range: the ends of '{text}' are too {how}; the width must be from 1e-150"):
        parse_range(text)


@pytest.mark.parametrize(
    ("text", "percents"), [("25,75", (25.0, 75.0)), ("1%,99%", (1.0, 99.0)), ("0,100", (0.0, 100.0))]
)
def test_two_quantiles_are_given_in_percent(text: str, percents: tuple[float, float]) -> None:
    assert parse_percents(text) == percents


@pytest.mark.parametrize("text", ["-1,50", "50,101", "75,25", "50,50", "nan,75"])
def test_percents_are_from_0_to_100_and_ascend(text: str) -> None:
    with pytest.raises(UsageError, match="is not a smaller and a larger number from 0 to 100; write them as 25,75"):
        parse_percents(text)
