"""The scanner finds the ends of JSON values as a parser does, and refuses what has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zm_cli.statsfile import json_scan
from zm_cli.statsfile.json_scan import NotJsonError, Scanner

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 0, 2]), st.sampled_from([b"", b",1", b"]", b"}", b' "x"', b"\n"]))
def test_a_value_ends_where_a_parser_ends(value: Any, ascii_only: bool, indent: int | None, rest: bytes) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    scanner = Scanner(b"x " + text + rest)
    assert scanner.find_end(2) == scanner.skip_value(2) == 2 + len(text)


@given(st.text(alphabet='[]{}",:\\1 a.e-', max_size=20))
def test_whatever_a_parser_accepts_is_passed_over_whole(text: str) -> None:
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return
    assert Scanner(text.encode()).skip_value(0) == end


@pytest.mark.parametrize(
    "text", ["", "]", "[", "[}", '["]', '"', '"\\"', "[[]", '{"a"', "[1,[2,3}]", " 1", "nul", "-Infinity"]
)
def test_a_value_without_an_end_is_refused(text: str) -> None:
    with pytest.raises(NotJsonError):
        Scanner(text.encode()).skip_value(0)


def test_a_scanner_walks_through_so_many_lists_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_scan, "MAX_LISTS", 10)
    assert Scanner(b"[" + b'[0],{"a":1},' * 4 + b"0]").find_end(0) == 51
    with pytest.raises(NotJsonError, match="lists and objects"):
        Scanner(b"[" + b'[0],{"a":1},' * 5 + b"0]").find_end(0)
