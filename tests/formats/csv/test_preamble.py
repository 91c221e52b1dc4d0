"""Lines before the header, and comments: left out where the user says so, suggested where they seem to be there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.formats.csv.tables import error_of, open_table, read_blocks, read_values, rewritten, save, values_of
from tests.shell import run_zm
from tests.systems import slow
from zm_cli.data.options import ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats.csv import preamble
from zm_cli.formats.csv.layout import read_names
from zm_cli.formats.csv.options import COMMENT

TABLE = "a,b\n1.0,x\n3.0,y\n"
REPORT = "Messages of 2020\nmade by me\n\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_first_lines_are_left_out_and_written_back(tmp_path: Path, end: str, mark: str) -> None:
    text = mark + (REPORT + TABLE).replace("\n", end)
    assert values_of(tmp_path, text, skip_rows=3) == [[1], [3]]
    assert rewritten(tmp_path, text, skip_rows=3) == text.encode()
    assert open_table(save(tmp_path, text), skip_rows=3).spec.decoding["skip_rows"] == 3


def test_comments_are_left_out_at_the_start_and_anywhere(tmp_path: Path, tiny_pieces: None) -> None:
    text = '# made by "me\n\n#\na,b\n# note, "quoted\n1.0,"x\n# not a comment"\n3.0,#y\n#end'
    source = open_table(save(tmp_path, text), comment="#")
    blocks = read_blocks(source)
    assert [row for block in blocks for row in block.values.tolist()] == [[1], [3]]
    assert source.spec.decoding["comment"] == "#"
    written = rewritten(tmp_path, text, comment="#").decode()
    assert written == '# made by "me\n\n#\na,b\n1.0,"x\n# not a comment"\n3.0,#y\n'


def test_comments_left_out_of_the_output_are_told(tmp_path: Path) -> None:
    path = save(tmp_path, "a,b\n1,x\n// c\n3,y\n")
    ran = run_zm("center", path, "-o", tmp_path / "out.csv", "--comment", "//")
    assert "comments between the rows are left out, in the output, too" in ran.err
    assert (tmp_path / "out.csv").read_text() == "a,b\n-1.0,x\n1.0,y\n"


@pytest.mark.parametrize(("skip", "comment"), [(2, None), (0, "#"), (1, "#"), (2, "#")])
def test_lines_and_comments_are_left_out_together(tmp_path: Path, skip: int, comment: str | None) -> None:
    text = "# one\n# two\n" + TABLE
    assert values_of(tmp_path, text, skip_rows=skip, comment=comment) == [[1], [3]]


@pytest.mark.parametrize("comment", ["", '"', "\n"])
def test_an_impossible_comment_is_refused(comment: str) -> None:
    with pytest.raises(UsageError, match="--comment"):
        COMMENT.parse(comment)


def test_more_lines_than_there_are_is_an_error(tmp_path: Path) -> None:
    assert "has 3 lines, fewer than --skip-rows 5" in str(error_of(tmp_path, TABLE, skip_rows=5))


@pytest.mark.parametrize(
    ("before", "option"),
    [
        (REPORT, "--skip-rows 3"),
        ("Messages\n", "--skip-rows 1"),
        ("Station 7, north\nheight 20\n", "--skip-rows 2"),
        ("# made, by\n", "--comment '#'"),
        ("% one\n% two\n", "--comment '%'"),
        ("// note\n", "--comment '//'"),
    ],
)
def test_what_looks_like_a_preamble_is_said_with_the_option(tmp_path: Path, before: str, option: str) -> None:
    text = before + "a,b,c\n" + "".join(f"{number},2,x\n" for number in range(1, 30))
    for named in ({}, {"columns": ("a",)}, {"on_error": "skip"}):
        assert option in str(error_of(tmp_path, text, **named))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("My report\nmade by X, 2020\n\na,b\n1,2\n3,4\n", 3),
        ("Name, Ann\nDate, 2020\n\na,b\n1,2\n3,4\n", 3),
        ("Messages,,\nMade by,me,\na,b,c\n1,2,3\n3,4,5\n5,6,7\n", 2),
        ("Messages,,\nMade by,me,\n,,\na,b,c\n1,2,3\n3,4,5\n", 3),
        ("Messages,,\nMade by,me,\na,b,c\n" + "1,2,3\n" * 100, 2),
    ],
)
def test_a_short_or_filled_up_preamble_is_said_with_its_lines(tmp_path: Path, text: str, lines: int) -> None:
    assert f"--skip-rows {lines} " in str(error_of(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "x,y,z\n1,2,3\n\na,b\n1,2\n",
        "a,b\n1,2,\n3,4,\n5,6,\n",
        "a,b\nr1,1,2\nr2,3,4\n",
        "a,b\n1,2\n3,4\n5\n6,7\n",
        "#id,b\n1,2\n3,4,5\n",
    ],
)
def test_no_preamble_is_seen_where_rows_are_ragged(tmp_path: Path, text: str) -> None:
    message = str(error_of(tmp_path, text))
    assert "--skip-rows" not in message
    assert "--comment" not in message


def test_a_preamble_in_a_pipe_is_said_too(tmp_path: Path) -> None:
    ran = run_zm("stats", "-", stdin=(REPORT + TABLE).encode())
    assert ran.code == 3
    assert "--skip-rows 3" in ran.err
    assert run_zm("stats", "-", "--skip-rows", "3", stdin=(REPORT + TABLE).encode()).code == 0


def test_lines_left_out_that_could_be_rows_are_told(tmp_path: Path) -> None:
    source = open_table(save(tmp_path, "1,2\n3,4\n5,6\n"), skip_rows=1, header=False)
    assert any("of the lines before the header, 1 could be rows" in note for note in source.facts().notes)
    assert not any(
        "could be rows" in note for note in open_table(save(tmp_path, REPORT + TABLE), skip_rows=3).facts().notes
    )


@slow
def test_an_output_with_a_preamble_is_read_back_and_undone(tmp_path: Path) -> None:
    save(tmp_path, REPORT + TABLE, "t.csv")
    save(tmp_path, TABLE, "plain.csv")
    assert run_zm("center", "t.csv", "-o", "c.csv", "--skip-rows", "3", cwd=tmp_path).code == 0
    assert (tmp_path / "c.csv").read_text() == REPORT + "a,b\n-1.0,x\n1.0,y\n"
    assert read_values(open_table(tmp_path / "c.csv")).tolist() == [[-1], [1]]
    assert run_zm("center", "c.csv", "-o", "back.csv", "--inverse", cwd=tmp_path).code == 0
    assert (tmp_path / "back.csv").read_text() == REPORT + TABLE
    # Another table may lack these lines: then the recorded number does not fit it.
    ran = run_zm("center", "plain.csv", "-o", "p.csv", "--stats", "c.csv.stats.json", cwd=tmp_path)
    assert (ran.code, (tmp_path / "p.csv").read_text()) == (0, "a,b\n-1.0,x\n1.0,y\n")


def test_names_are_completed_past_a_preamble(tmp_path: Path) -> None:
    path = save(tmp_path, REPORT + TABLE)
    assert read_names(str(path), ReadOptions(skip_rows=3)) == ("a", "b")


def test_a_long_preamble_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    find = preamble.find_preamble_end

    def count(text: bytes, *others: Any) -> tuple[int, int, bool]:
        looked_at.append(len(text))
        return find(text, *others)

    monkeypatch.setattr(preamble, "find_preamble_end", count)
    text = "# a line before the table\n" * 40_000
    assert values_of(tmp_path, text + "a,b\n1,2\n", comment="#") == [[1, 2]]
    assert values_of(tmp_path, text + "a,b\n1,2\n", skip_rows=40_000) == [[1, 2]]
    assert sum(looked_at) < 3 * 2 * len(text)
