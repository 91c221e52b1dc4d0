"""What the registry of formats promises: the command line, stats files, schemas and fuzz targets follow from it."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.shell import run_zm
from zm_cli import formats as registry
from zm_cli.data.format import Confidence, Format
from zm_cli.data.options import Option, Panel, ReadOptions
from zm_cli.errors import UsageError
from zm_cli.formats import detect, formats, open_source, reading_options
from zm_cli.schema import load_schema


def pretend(monkeypatch: pytest.MonkeyPatch, *others: Format) -> None:
    """Adds formats to the registry."""
    known = {**formats(), **{other.kind: other for other in others}}
    reading_options.cache_clear()
    monkeypatch.setattr(registry, "formats", lambda: known)


def copy(kind: str, **changes: Any) -> Format:
    return replace(formats()["csv"], kind=kind, **changes)


def test_every_format_has_a_package_of_its_name() -> None:
    for kind, entry in formats().items():
        assert importlib.import_module(f"zm_cli.formats.{kind}").FORMAT is entry
        assert entry.noun
        assert "limit" in entry.option_names


def test_every_option_of_reading_is_on_the_command_line_with_a_help_text() -> None:
    text = run_zm("stats", "--help").out
    for option in reading_options().values():
        spelling = option.spelling.split("/")[0]
        shown = re.search(rf"{spelling}\b(?!-)", text) is not None
        assert shown == (option.panel is not None), option.name
        assert bool(option.help) == (option.panel is not None)


def test_kinds_on_the_command_line_are_the_registered_ones() -> None:
    done = run_zm("stats", "x", "--kind", "nothing")
    assert f"choose from {', '.join(formats())}" in done.err


@pytest.mark.parametrize("name", ["stats", "inspect"])
def test_schemas_know_the_registered_kinds_and_their_recorded_options(name: str) -> None:
    text = json.dumps(load_schema(name))
    for kind, entry in formats().items():
        assert json.dumps(kind) in text
        for option in entry.recorded:
            assert json.dumps(option) in text


def test_every_format_has_a_fuzz_target() -> None:
    for kind in formats():
        assert importlib.import_module(f"fuzz.{kind}").TARGET


def test_the_surest_format_reads_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    pretend(monkeypatch, copy("other", recognize=lambda _: Confidence.POSSIBLE))
    assert detect(str(path)).kind == "csv"
    assert detect(str(path), preferred="other").kind == "other"
    assert detect(str(path), "other").kind == "other"


def test_equally_sure_formats_are_not_guessed_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    pretend(monkeypatch, copy("other"))
    with pytest.raises(UsageError, match="may be csv or other; say what it is with --kind"):
        detect(str(path))


def test_two_options_of_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, copy("other", options=(Option("limit", panel=Panel.DATA),)))
    with pytest.raises(AssertionError, match="two options are called limit"):
        reading_options()
    reading_options.cache_clear()


def test_an_option_of_another_format_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    with pytest.raises(UsageError, match="--mode is for images, not for csv"):
        open_source(str(path), ReadOptions(mode="L"))


def test_one_format_reads_pipes() -> None:
    assert len([entry for entry in formats().values() if entry.reads_pipe]) == 1
