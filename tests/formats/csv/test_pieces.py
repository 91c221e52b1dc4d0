"""Pieces of tables that are sent to another machine: the address of their text where it is in a file, else the text."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import pytest

from tests.formats.csv.tables import open_table, save
from zm_cli.data import block
from zm_cli.errors import DataError

ROWS = "".join(f"{number},{number / 7:.6f},name{number}\n" for number in range(2000))
TABLE = "id,x,name\n" + ROWS


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "BLOCK_BYTES", 4096)


def send(path: Path) -> list[bytes]:
    """Returns the spans of a table as they are sent; checks that they come back the same."""
    spans = list(open_table(path).spans())
    sent = [pickle.dumps(span) for span in spans]
    assert [pickle.loads(each) for each in sent] == spans
    return sent


@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\r\n"])
def test_the_text_of_a_plain_file_is_not_sent(tmp_path: Path, mark: str) -> None:
    sent = send(save(tmp_path, mark + TABLE))
    assert len(sent) > 10
    assert max(map(len, sent)) < 1000


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace("name7\n", "name7\n\n"),
        TABLE.replace("name700\n", 'na"me"700\n'),
        TABLE.replace("name700\n", '"na\nme700"\n'),
        TABLE.replace("name900\n", '"never closed\n'),
        TABLE.removesuffix("\n"),
    ],
    ids=["a blank line", "quotes in a cell", "a line end in a cell", "a quote that is not closed", "no last line end"],
)
def test_only_text_that_was_changed_is_sent(tmp_path: Path, text: str) -> None:
    large = [each for each in send(save(tmp_path, text)) if len(each) > 1000]
    assert len(large) <= 2


def test_text_that_is_stored_otherwise_is_sent(tmp_path: Path) -> None:
    for name, data in (("a.csv.gz", gzip.compress(TABLE.encode())), ("b.csv", TABLE.encode("utf-16"))):
        assert min(map(len, send(save(tmp_path, data, name))[:-1])) > 3000


def test_a_file_that_has_changed_meanwhile_is_an_error(tmp_path: Path) -> None:
    path = save(tmp_path, TABLE)
    sent = send(path)
    path.write_text(TABLE.replace("name500", "name600"))
    with pytest.raises(DataError, match=r"table\.csv: changed while it was read; run zm again when"):
        list(map(pickle.loads, sent))
