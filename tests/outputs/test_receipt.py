"""Receipts that are not trusted: never a traceback, bounded in size, and what was done is still known."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.systems import needs_fifo
from zm_cli.data.options import Option
from zm_cli.errors import DataError
from zm_cli.formats.csv.options import COMMENT, DECIMAL, DELIMITER, HEADER, SKIP_ROWS
from zm_cli.outputs.provenance import Provenance, parse_provenance
from zm_cli.outputs.receipt import (
    DAMAGED,
    MAX_BYTES,
    OF_OTHER_DATA,
    check_receipt,
    describe_receipt,
    load_receipt,
    make_receipt,
    parse_receipt,
)
from zm_cli.outputs.shard_record import find_shard, format_shard, is_later_shard

RECEIPT = make_receipt("standardize", inverse=False, stats="xxh3_128:" + "0" * 32, settings={"unit": 1.0, "ddof": 0})


@pytest.mark.parametrize("text", [None, "", b"", "[]", "1", "{", '{"format": "other"}', "[" * 10**5, b"\xff", "\ud800"])
def test_a_text_that_is_not_a_receipt_is_ignored(text: str | bytes | None) -> None:
    assert parse_receipt(text) is None


SHARD = {"index": 2, "of": 3}


@pytest.mark.parametrize("shard", [SHARD, SHARD | {"axis": 1, "total": 60}, SHARD | {"later": "unknown"}])
def test_a_receipt_says_which_part_an_output_is(shard: dict[str, Any]) -> None:
    found = parse_receipt(json.dumps(RECEIPT | {"shard": shard}))
    assert found is not None
    assert str(find_shard(found)) == format_shard(found) == "2/3"
    assert is_later_shard(found)


@pytest.mark.parametrize(
    "shard",
    [
        *(None, [], 3, "2/3", {}, {"index": 2}, {"index": 0, "of": 3}, {"index": 4, "of": 3}, {"index": "2", "of": 3}),
        *(SHARD | {"axis": -1}, SHARD | {"total": 1.5}, {"index": True, "of": True}, {"index": 1, "of": 10**400}),
    ],
    ids=lambda shard: repr(shard)[:40],
)
def test_a_part_that_is_not_possible_is_left_out(shard: Any) -> None:
    found = parse_receipt(json.dumps(RECEIPT | {"shard": shard}))
    assert found is not None
    assert (find_shard(found), format_shard(found), is_later_shard(found)) == (None, "", False)


@pytest.mark.parametrize("change", [{"names": []}, {"names": [1]}, {"names": "a"}, {"encoding": 1}, {"encoding": "\n"}])
def test_names_and_encodings_that_are_not_possible_are_left_out(change: dict[str, Any]) -> None:
    assert parse_receipt(json.dumps(RECEIPT | change)) == parse_receipt(json.dumps(RECEIPT))


@pytest.mark.parametrize(
    "change",
    [
        *({"method": value} for value in ("", "min max", "../x", "\x1b[2J", "x" * 65, 1, ["minmax"])),
        *({"range": value} for value in ([0], [1, 0], [0, 0], [0, "1"], [0, True], [-1e308, 1e308], "0,1", [0, 1, 2])),
        *({"quantiles": value} for value in ([-1, 50], [25, 101], [75, 25], [25, float("nan")], None)),
        *({"clip": value} for value in (0, "true", None)),
        *({"ddof": value} for value in (0.5, 2, -1, True, 1.0)),
        *({"epsilon": value} for value in (-0.1, "0", float("inf"))),
        *({"components": value} for value in (0, 0.5, 2**63)),
        *({"impute": value} for value in ("x", "mode", True, [0])),
    ],
    ids=lambda change: repr(change)[:40],
)
def test_settings_of_a_method_that_are_not_possible_are_left_out(change: dict[str, Any]) -> None:
    without = {field: value for field, value in RECEIPT.items() if field not in change}
    assert parse_receipt(json.dumps(RECEIPT | change)) == parse_receipt(json.dumps(without))


def test_the_method_and_its_settings_are_kept_described_and_compared() -> None:
    settings = {"unit": 1.0, "method": "quantile", "range": [-1.0, 1.0], "clip": True, "quantiles": [1.0, 99.0]}
    made = make_receipt("scale", inverse=False, stats="a", settings=settings)
    found = parse_receipt(json.dumps(made))
    assert found == made
    assert {name: found[name] for name in settings} == settings
    assert describe_receipt(found) == "scaled (quantile)"
    assert describe_receipt({**found, "inverse": True}) == "scaled (quantile), then undone"
    wanted = make_receipt("scale", inverse=True, stats="a", settings=settings)
    check_receipt(found, wanted, "here")
    for change, what in (
        ({"method": "minmax"}, r"was scaled \(quantile\) and not scaled \(minmax\)"),
        ({"operation": "center"}, r"was scaled \(quantile\) and not centered \(quantile\)"),
        ({"range": [0.0, 1.0]}, r"otherwise \(range -1,1\)"),
        ({"clip": False, "quantiles": [5.0, 95.0]}, r"otherwise \(clip True, quantiles 1,99\)"),
        ({"stats": "b"}, "by other statistics"),
    ):
        with pytest.raises(DataError, match=what):
            check_receipt(found, wanted | change, "here")


def test_a_method_that_measures_nothing_records_no_statistics() -> None:
    receipt = make_receipt("scale", inverse=False, stats=None, settings={"method": "l2"})
    assert receipt == {"format": "zm-receipt", "version": 1, "operation": "scale", "inverse": False, "method": "l2"}


WRONG: list[Any] = [None, [], {}, "x" * 1000, 10**400, float("nan"), float("inf"), [[[]]]]


@pytest.mark.parametrize(
    "change",
    [{field: value} for field in RECEIPT if field != "format" for value in WRONG],
    ids=lambda change: repr(change)[:40],
)
def test_a_receipt_of_wrong_types_still_says_that_something_was_done(change: dict[str, Any]) -> None:
    found = parse_receipt(json.dumps(RECEIPT | change))
    assert found is not None
    assert set(found) <= set(RECEIPT) - set(change)
    for inverse in (False, True):
        wanted = make_receipt("standardize", inverse=inverse, stats="other", settings={"unit": 1.0, "ddof": 0})
        with pytest.raises(DataError) as caught:
            check_receipt(found, wanted, "here")
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("text", ["", json.dumps(RECEIPT)[:-1], "\ud800".encode("utf-8", "surrogatepass"), "[" * 10**5])
def test_a_damaged_receipt_refuses_whatever_is_wanted_of_the_data(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "zm.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = load_receipt(path)
    assert found is DAMAGED
    assert "not known" in str(describe_receipt(found))
    for inverse in (False, True):
        with pytest.raises(DataError, match="cannot be read"):
            check_receipt(found, RECEIPT | {"inverse": inverse}, "here")


def test_a_damaged_text_is_a_receipt_where_it_says_so() -> None:
    assert parse_receipt(json.dumps(RECEIPT)[:-1]) is DAMAGED
    assert parse_receipt(json.dumps(RECEIPT)[:-1].encode()) is DAMAGED


@needs_fifo
def test_a_receipt_is_read_within_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "zm.json"
    assert load_receipt(path) is None
    path.write_text(json.dumps(RECEIPT))
    assert load_receipt(path) == RECEIPT
    os.truncate(path, MAX_BYTES + 1)
    assert load_receipt(path) is DAMAGED
    path.unlink()
    os.mkfifo(path)
    assert load_receipt(path) is None
    path.unlink()
    path.symlink_to("/dev/zero")
    assert load_receipt(path) is None


def test_data_beside_a_receipt_of_other_data_are_never_refused() -> None:
    assert "not known" in str(describe_receipt(OF_OTHER_DATA))
    for inverse in (False, True):
        check_receipt(OF_OTHER_DATA, RECEIPT | {"inverse": inverse}, "here")


def test_a_receipt_names_columns_and_keeps_those_of_other_arrays() -> None:
    written = RECEIPT | {"columns": ["a", "b" * 100], "others": [RECEIPT | {"dataset": "x"}]}
    assert parse_receipt(json.dumps(written)) == written
    changes: list[dict[str, Any]] = [{"columns": "a"}, {"columns": [1]}, {"others": [1]}, {"others": {}}]
    for change in changes:
        assert parse_receipt(json.dumps(RECEIPT | change)) == RECEIPT


PROVENANCE = {"version": "1.0", "options": "zm center", "inputs": "xxh3_128:0"}


def test_a_receipt_keeps_how_the_output_was_made() -> None:
    for value in (PROVENANCE, PROVENANCE | {"of_a_later_version": 1}):
        found = parse_receipt(json.dumps(RECEIPT | {"provenance": value}))
        assert found is not None
        assert parse_provenance(found["provenance"]) == Provenance(**PROVENANCE)


@pytest.mark.parametrize(
    "value", [None, "x", [], {}, PROVENANCE | {"inputs": 5}, PROVENANCE | {"options": "x" * 10**4}], ids=repr
)
def test_a_provenance_that_is_damaged_is_left_out(value: Any) -> None:
    assert parse_provenance(value) is None
    assert parse_receipt(json.dumps(RECEIPT | {"provenance": value})) == RECEIPT


def test_unknown_fields_and_those_of_old_receipts_are_left_out() -> None:
    assert parse_receipt(json.dumps(RECEIPT | {"made": PROVENANCE, "unknown": [1]})) == RECEIPT


def test_two_provenances_differ_in_the_fields_that_are_named() -> None:
    first = Provenance(**PROVENANCE)
    assert first.find_difference(Provenance(**PROVENANCE)) is None
    assert first.find_difference(Provenance("2.0", "zm center", "")) == "version and inputs"
    assert parse_provenance(first.to_document()) == first


@pytest.mark.parametrize("comment", ["\ud800", '"', "a\nb", ""])
def test_a_receipt_cannot_make_any_text_start_a_comment(comment: str) -> None:
    assert parse_receipt(json.dumps(RECEIPT | {"comment": comment})) == parse_receipt(json.dumps(RECEIPT))


@pytest.mark.parametrize("option", [DELIMITER, DECIMAL, HEADER, SKIP_ROWS, COMMENT], ids=lambda option: option.name)
@pytest.mark.parametrize("value", [";", ",", "\t", "#\t", "# " * 40, '"', "", "\n", True, 3, -1, None, [1], "\ud800"])
def test_a_receipt_keeps_the_values_that_stats_files_may_record(option: Option[Any], value: object) -> None:
    assert option.recorded is not None
    found = parse_receipt(json.dumps(RECEIPT | {option.name: value}))
    assert found is not None
    assert (option.name in found) == option.recorded.is_valid(value)
