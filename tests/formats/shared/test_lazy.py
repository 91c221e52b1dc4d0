"""What formats declare without loading anything: receipts beside files, and completers of arrays beside the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zm_cli.data.options import Option, ReadOptions
from zm_cli.formats.shared.lazy import find_receipt_beside, list_receipt_beside, make_beside_completers


def test_a_receipt_is_listed_where_there_is_one(tmp_path: Path) -> None:
    path = str(tmp_path / "table.csv")
    assert list(list_receipt_beside(path)) == []
    assert find_receipt_beside(path, ReadOptions()) is None
    (tmp_path / "table.csv.zm.json").write_text("{}")
    assert list(list_receipt_beside(path)) == [("receipt", f"{path}.zm.json")]


def test_each_option_is_completed_with_its_own_values() -> None:
    def complete(option: Option[str], path: str, begun: str) -> Iterator[tuple[str, str]]:
        yield f"{begun}:{path}", option.name

    found = make_beside_completers(complete)
    assert {name: list(found[name]("data", ReadOptions(), "x")) for name in found} == {
        name: [("x:data", name)] for name in ("by", "weight", "mask")
    }
