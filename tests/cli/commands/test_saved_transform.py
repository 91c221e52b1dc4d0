"""Stats files that a writing command saved: new data are transformed as they record, unless options say otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.inprocess import Shell

RECORDED = [
    "center --impute mean",
    "standardize --ddof 1 --epsilon 0.5 --impute 0",
    "scale --method minmax --range=-2,3 --clip",
    "scale --method robust --impute median --indicator",
    "whiten --method zca --components 1 --impute mean",
]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text("a,b\n1,2\n,3\n4,\n5,9\n7,1\n")
    (tmp_path / "test.csv").write_text("a,b\n1,\n,3\n7,8\n")
    return Shell(tmp_path, capsys)


@pytest.mark.parametrize("command", RECORDED)
def test_new_data_are_transformed_as_the_training_data_were(shell: Shell, command: str) -> None:
    name, *options = command.split()
    shell.run(f"{command} train.csv -o out.csv --save-stats kept.json")
    typed = shell.print(f"{command} test.csv -o - --stats kept.json")
    assert shell.print(f"{name} test.csv -o - --stats kept.json") == typed
    told = shell.run(f"{name} test.csv -o again.csv --stats kept.json")
    assert "as recorded in kept.json: --" in told
    assert "warning" not in told
    assert options[-1] in told


def test_only_what_was_taken_from_the_file_is_named_as_recorded(shell: Shell) -> None:
    shell.run("scale --method minmax --range=-2,3 --clip train.csv -o out.csv --save-stats kept.json")
    told = shell.run("scale test.csv -o a.csv --stats kept.json --range 0,1 --no-clip")
    assert "as recorded in kept.json: --method minmax\n" in told
    assert "with --range -2,3, --clip; data for the same use need the same options" in told
    assert Path("a.csv").read_text().splitlines()[-1] == "1.0,0.875"


def test_what_is_recorded_of_missing_values_can_be_left_out(shell: Shell) -> None:
    shell.run("standardize --impute 0 --indicator train.csv -o out.csv --save-stats kept.json")
    plain = shell.print("standardize test.csv -o - --stats kept.json --impute none --no-indicator")
    assert [line.count(",") for line in plain.splitlines()] == [1] * 4
    assert plain.splitlines()[1].endswith(",")


@pytest.mark.parametrize("command", RECORDED[:3])
def test_an_inverse_needs_no_settings(shell: Shell, command: str) -> None:
    name = command.split()[0]
    test = "a,b\n1.0,\n,3.0\n4.0,8.0\n"
    Path("test.csv").write_text(test)
    shell.run(f"{command} train.csv -o out.csv --save-stats kept.json")
    shell.run(f"{name} test.csv -o made.csv --stats kept.json --impute none")
    assert shell.print(f"{name} made.csv -o - --inverse --stats kept.json") == test
    # Without the receipt, the stats file says how it was done.
    Path("made.csv.zm.json").unlink()
    assert shell.print(f"{name} made.csv -o - --inverse --stats kept.json") == test


def test_a_transform_without_its_method_is_refused(shell: Shell) -> None:
    shell.run("scale --method robust train.csv -o out.csv --save-stats kept.json")
    document = json.loads(Path("kept.json").read_text())
    del document["transform"]["method"]
    Path("kept.json").write_text(json.dumps(document))
    message = shell.refuse("scale test.csv -o a.csv --stats kept.json")
    assert message == "kept.json: 'transform.method' is missing; the file is damaged; make it again"
