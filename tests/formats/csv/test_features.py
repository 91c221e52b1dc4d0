"""Which columns of a table are features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.formats.csv.tables import error_of, open_table, read_values, rewritten, save, values_of
from zm_cli.errors import DataError, UsageError


def test_named_columns_keep_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    # Statistics are applied to features by index, so tables with another order of columns need this.
    source = open_table(save(tmp_path, "a,b,c\n1,2,3\n"), columns=("c", "a"))
    assert source.spec.names == ("c", "a")
    assert source.spec.named is True
    assert read_values(source).tolist() == [[3, 1]]
    assert rewritten(tmp_path, "a,b,c\n1,2,3\n", columns=("c", "a"), add=1) == b"a,b,c\n2.0,2,4.0\n"


def test_the_error_of_an_unknown_column_suggests_a_similar_name(tmp_path: Path) -> None:
    for option in ("columns", "exclude"):
        chosen: dict[str, Any] = {option: ("heigth",)}
        error = error_of(tmp_path, "height,width\n1,2\n", **chosen)
        assert isinstance(error, UsageError)
        assert "did you mean 'height'" in str(error)
        assert "'width'" in str(error)


def test_excluding_everything_is_a_usage_error(tmp_path: Path) -> None:
    assert isinstance(error_of(tmp_path, "a,b\n1,x\n", exclude=("a",)), UsageError)


def test_a_table_of_text_only_is_an_error(tmp_path: Path) -> None:
    assert "numeric" in str(error_of(tmp_path, "a,b\nx,y\n"))
    assert "points" in str(error_of(tmp_path, "a;b\n1,5;2,5\n"))


def test_repeated_names_are_refused_only_among_the_features(tmp_path: Path) -> None:
    assert "'a'" in str(error_of(tmp_path, "a,a,b\n1,2,3\n"))
    assert isinstance(error_of(tmp_path, "a,a,b\n1,2,3\n", columns=("a",)), DataError)
    assert values_of(tmp_path, "a,a,b\n1,2,3\n", exclude=("a",)) == [[3]]
    assert values_of(tmp_path, "a,a,b\nx,y,3\n") == [[3]]
