"""Texts of options: names in a hint are spelled as the command line takes them."""

from __future__ import annotations

import shlex

import pytest

from zm_cli.inputs.option_text import parse_names, spell_names


@pytest.mark.parametrize(
    "names", [("a",), ("Len, cm", "b"), ("it's",), ('say "no"', "x,y"), ("$HOME", "a b"), ("fox/", "a,b/")]
)
def test_names_in_a_hint_are_taken_apart_as_they_were(names: tuple[str, ...]) -> None:
    assert parse_names(shlex.split(spell_names(names)), "--exclude") == names
