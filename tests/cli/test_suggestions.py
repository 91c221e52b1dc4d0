"""Errors of the command line: one sentence that says where, what, and what was probably meant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import h5py
import numpy as np
import pytest
import typer

from tests.shell import run_zm
from zm_cli.cli.main import app
from zm_cli.cli.parsing.usage import explain_usage
from zm_cli.errors import UsageError
from zm_cli.formats import formats
from zm_cli.methods import methods_of
from zm_cli.suggest import find_near


def refuse(*arguments: str) -> UsageError:
    """The error of a command line that does not parse."""
    try:
        app([*arguments], standalone_mode=False, prog_name="zm")
    except typer.TyperException as error:
        explained = explain_usage(error)
        assert explained is not None
        return explained
    except UsageError as error:
        return error
    raise AssertionError("it parsed")


@pytest.mark.parametrize(
    ("line", "where", "hint"),
    [
        ("stats t.csv --colums a", "--colums", "did you mean --columns?"),
        ("stats t.csv --COLUMNS a", "--COLUMNS", "did you mean --columns?"),
        ("stats t.csv --null_value a", "--null_value", "did you mean --null-value?"),
        ("stats t.csv --dtype float32", "--dtype", "it belongs to zm center, zm standardize, zm scale and zm whiten"),
        ("center t.csv --method minmax", "--method", "it belongs to zm scale and zm whiten"),
        (
            "scale t.csv --method minmix",
            "--method",
            f"did you mean minmax? choose from {', '.join(methods_of('scale'))}",
        ),
        ("scale t.csv --rang 0,1", "--rang", "did you mean --range?"),
        ("--columns a stats t.csv", "--columns", "write it after the command: zm stats --columns"),
        ("stats t.csv -columns a", "-c", "long options begin with two dashes, see zm stats --help"),
        ("stats t.csv --xyzzy", "--xyzzy", "see zm stats --help"),
        ("stat t.csv", "zm stat", "did you mean zm stats?"),
        ("STATS t.csv", "zm STATS", "did you mean zm stats?"),
        ("xyzzy", "zm xyzzy", "choose from stats, merge, center, standardize, scale, whiten, join, inspect"),
        ("stats t.csv --per chanel", "--per", "did you mean channel? choose from channel, pixel, column, all"),
        ("stats t.csv --kind CSV", "--kind", f"did you mean csv? choose from {', '.join(formats())}"),
        ("stats t.csv --missing xyzzy", "--missing", "choose from skip, error"),
        ("stats t.csv --per", "--per", "choose from channel, pixel, column, all"),
        ("stats t.h5 --dataset", "--dataset", "write --dataset /PATH"),
        ("stats t.csv --quiet=yes", "--quiet", "leave out what follows --quiet"),
        ("stats t.csv -j 0", "--workers", "at least 1"),
        ("standardize t.csv -o z.csv --epsilon=-1", "--epsilon", "at least 0"),
        ("center a.csv b.csv -o c.csv", "b.csv", "usage: zm center SOURCE"),
        ("--", None, "choose from stats, merge, center, standardize, scale, whiten, join, inspect"),
    ],
)
def test_a_line_that_does_not_parse_is_explained_with_a_hint(line: str, where: str | None, hint: str) -> None:
    error = refuse(*line.split())
    assert (error.where, error.hint) == (where, hint)
    assert error.code == 2
    assert "\n" not in str(error)


@pytest.mark.parametrize(("arguments", "where"), [(["-o", "x"], "PATH"), (["x"], "--output")])
def test_a_missing_argument_is_named_with_the_usage(arguments: list[str], where: str) -> None:
    needy = typer.Typer(add_completion=False)

    @needy.command()
    def go(
        path: Annotated[str, typer.Argument(metavar="PATH")],
        output: Annotated[str, typer.Option("--output", "-o", metavar="FILE")],
    ) -> None:
        """Needs both."""

    with pytest.raises(typer.TyperException) as caught:
        needy(arguments, standalone_mode=False, prog_name="go")
    error = explain_usage(caught.value)
    assert error is not None
    assert (error.where, error.hint) == (where, "usage: go PATH -o FILE")


@pytest.mark.parametrize(("value", "what"), [("many", "'many' is not a whole number"), ("it's", '"it\'s" is not a')])
def test_texts_that_are_not_numbers_are_quoted(value: str, what: str) -> None:
    assert what.replace('"', "'") in str(refuse("stats", "t.csv", "--workers", value))


def test_an_error_that_shows_the_help_is_not_explained() -> None:
    with pytest.raises(typer.TyperException) as caught:
        app([], standalone_mode=False, prog_name="zm")
    assert explain_usage(caught.value) is None


def test_a_misspelt_option_is_one_line_and_exit_code_2() -> None:
    ran = run_zm("stats", "t.csv", "--colums", "a")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "zm: error: --colums: zm stats has no such option; did you mean --columns?\n"


def test_a_misspelt_command_is_one_line_and_exit_code_2() -> None:
    ran = run_zm("inspcet", "t.csv")
    assert (ran.code, ran.err) == (2, "zm: error: zm inspcet: is not a command; did you mean zm inspect?\n")


@pytest.mark.parametrize(
    ("asked", "near"), [("Sepal Length", "sepal length"), ("'age'", "age"), ("in_come", "in-come"), ("agee", "age")]
)
def test_a_misspelt_column_is_suggested_whatever_its_case_and_quotes(asked: str, near: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sepal length,age,in-come\n1,2,3\n")
    ran = run_zm("stats", "t.csv", "--columns", asked, cwd=tmp_path)
    assert ran.code == 2
    assert f"there is no column '{asked}'; did you mean '{near}'? there are" in ran.err


@pytest.mark.parametrize("asked", ["/train/image", "/images", "Train/Images", "imgaes"])
def test_a_misspelt_dataset_is_suggested(asked: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["train/images"] = np.zeros((2, 4, 4, 3))
        file["train/labels"] = np.zeros(2)
    ran = run_zm("stats", "t.h5", "--dataset", asked, cwd=tmp_path)
    assert ran.code == 2
    assert "did you mean /train/images? it holds" in ran.err


def test_an_impossible_per_names_the_possible_ones(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["x"] = np.zeros((2, 8, 9, 3))
    with h5py.File(tmp_path / "unclear.h5", "w") as file:
        file["x"] = np.zeros((2, 3, 3, 3))
    said = "zm: error: {}: --per {} is not possible for samples of shape {}; possible here: --per {}\n"
    for path, asked, shape, possible in (
        ("t.csv", "channel", "2 (NC)", "column, all"),
        ("t.h5", "column", "8x9x3 (NHWC)", "channel, pixel, all"),
        ("unclear.h5", "column", "3x3x3", "pixel, all"),
    ):
        ran = run_zm("stats", path, "--per", asked, cwd=tmp_path)
        assert (ran.code, ran.err) == (2, said.format(path, asked, shape, possible))


def test_the_nearest_name_is_found_or_none() -> None:
    names = ["columns", "exclude", "no-header"]
    assert find_near("colums", names) == "columns"
    assert find_near("NO_HEADER", names) == "no-header"
    assert find_near("xyzzy", names) is find_near("target", ["id", "age"]) is None
    assert find_near("columns", []) is None
