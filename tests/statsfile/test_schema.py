"""The reader of stats files and the shipped schema agree: what is read is valid, what is invalid is refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from importlib.resources import files
from typing import Any, get_args

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile_stats import IMAGES, TABLE, document_of, images, table
from tests.made import make_stats
from tests.schemas import load_closed
from tests.systems import examples
from zm_cli.errors import DataError
from zm_cli.formats import formats, reading_options
from zm_cli.formats.shared.options import BY
from zm_cli.methods import methods
from zm_cli.methods.shared.settings import Settings
from zm_cli.numbers.groups.groups import Groups
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.moments.weighted_block import measure_block
from zm_cli.outputs.receipt import Operation
from zm_cli.pipeline.checking.check_measures import MEASURES
from zm_cli.pipeline.checking.limits import Limits
from zm_cli.pipeline.options import State
from zm_cli.schema import NAMES, load_schema
from zm_cli.statistics import optional_statistics
from zm_cli.statsfile.reader import read_json
from zm_cli.statsfile.stats import Stats

VALIDATOR = jsonschema.Draft202012Validator(load_schema("stats"))


def everything() -> Stats:
    """A table with every optional statistic, of all samples and of two groups."""
    parts = [TABLE[:5], TABLE[5:8]]
    statistics = optional_statistics().values()
    groups = Groups(
        "g",
        ("x", "y"),
        np.array([5, 3]),
        Moments.stack([Moments.from_block(part, (1,)) for part in parts]),
        tuple(tuple(each.from_block(part, (1,)) for each in statistics) for part in parts),
        unlabelled=1,
    )
    measured = {each.name: each.from_block(TABLE, (1,)) for each in statistics}
    return replace(table(), statistics=measured, groups=groups, decoding={"by": "g", "weight": None})


HOLES = np.where(np.arange(18).reshape(9, 2) % 2, np.nan, TABLE)
VALID = [
    document_of(stats)
    for stats in (
        images(),
        images(unit=True, ignore=0),
        make_stats(IMAGES[:, :2, :2], "pixel", axes="NHWC"),
        make_stats(IMAGES, "all", axes="NHWC"),
        table(),
        make_stats(HOLES, "column", axes="NC", names=("a", "b"), kind="csv"),
        make_stats(np.arange(5.0), "all", axes="N"),
        everything(),
        replace(table(), transform={"operation": "scale", "method": "minmax", "range": [0, 0.1], "clip": False}),
        replace(images(), transform={"operation": "whiten", "ddof": 1, "epsilon": 0.5, "components": 2, "impute": 7}),
        replace(table(), moments=measure_block(TABLE, (1,), (), np.arange(9.0)), decoding={"weight": "w"}),
    )
]


def read(document: dict[str, Any]) -> Stats:
    return read_json(json.dumps(document).encode(), "here")


MUTATIONS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["N", "NC", "NHWC", "NCHW", "pixel", "all", "column", "uint8", "float32", "RGB", "csv", "images"]),
    st.lists(st.integers(0, 9), max_size=4),
    st.lists(st.one_of(st.floats(0, 255), st.none()), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["mode", "layout", "resize", "x"]), st.sampled_from([None, 1, "L", [5, 4]])),
)


def mutate(data: st.DataObject, value: Any) -> Any:
    """The value with one change somewhere in it: another value, one less, one more."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        if not data.draw(st.integers(0, 9)):
            return {name: kept for name, kept in value.items() if name != key} | data.draw(
                st.dictionaries(st.text(max_size=3), MUTATIONS, max_size=1)
            )
        return {name: mutate(data, kept) if name == key else kept for name, kept in value.items()}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        index = data.draw(st.integers(0, len(value) - 1))
        if not data.draw(st.integers(0, 5)):
            return value[:index] + value[index + 1 :]
        return [*value[:index], mutate(data, value[index]), *value[index + 1 :]]
    return data.draw(MUTATIONS)


@settings(max_examples=examples(600), deadline=None, derandomize=True)
@given(st.data())
def test_whatever_is_read_is_valid_by_the_schema(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(VALID))
    for _ in range(data.draw(st.integers(1, 2))):
        field = data.draw(st.sampled_from(sorted(document)))
        document = document | {field: mutate(data, document[field])}
    try:
        stats = read(document)
    except DataError:
        return
    VALIDATOR.validate(document)
    VALIDATOR.validate(document_of(stats))


@pytest.mark.parametrize("document", VALID)
def test_whatever_the_schema_refuses_of_a_field_is_refused(document: dict[str, Any]) -> None:
    VALIDATOR.validate(document)
    read(document)
    wrong: list[Any] = [None, True, -1, 1.5, 2**63, "", "x", "NN", [], [None], [-1], ["x", "x"], [[]], {}, {"x": 1}]
    refusals = 0
    for field in document:
        for value in wrong:
            changed = document | {field: value}
            if not VALIDATOR.is_valid(changed):
                refusals += 1
                with pytest.raises(DataError):
                    read(changed)
    assert refusals > 150


@pytest.mark.parametrize("document", VALID)
def test_a_document_has_no_field_that_the_schema_does_not_know(document: dict[str, Any]) -> None:
    jsonschema.validate(document, load_closed("stats"))


def test_the_measures_and_states_of_checks_are_those_that_there_are() -> None:
    check = load_schema("check")
    named = set(check["$defs"]["measure"]["enum"])
    expected = (method.expect(method.complete(Settings())) for method in methods().values())
    assert {target.measure for each in expected for target in each.targets} <= named
    assert named <= {*MEASURES, "shift"} & check["$defs"]["checked"]["properties"].keys()
    assert check["properties"]["check"]["enum"] == [*get_args(State), "against"]
    assert check["$defs"]["limits"]["properties"].keys() == {field.name for field in fields(Limits)}
    assert load_schema("written")["properties"]["operation"]["enum"] == list(get_args(Operation))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(load_schema(name))


def test_the_schemas_know_every_kind_and_every_option_that_is_recorded() -> None:
    recorded = {name for name, option in reading_options().items() if option.recorded}
    for name in ("stats", "inspect"):
        definitions = load_schema(name)["$defs"]
        assert set(definitions["kind"]["enum"]) == set(formats())
        assert set(definitions["decoding"]["properties"]) == recorded
        for option in recorded:
            assert VALIDATOR.evolve(schema=definitions["decoding"]).is_valid({option: None})


def test_the_files_name_no_kind_no_option_of_a_format_and_no_optional_statistic() -> None:
    # The section of groups has a field of the same name as an option.
    recorded = (name for name, option in reading_options().items() if option.recorded and option is not BY)
    names = {f'"{name}"' for name in (*formats(), *recorded)}
    names |= {f'"{field}"' for statistic in optional_statistics().values() for field in statistic.arrays}
    for name in NAMES:
        text = (files("zm_cli.schema") / f"{name}-v1.schema.json").read_text()
        assert not [found for found in names if found in text]


def test_documents_may_have_keys_of_later_versions() -> None:
    document = document_of(images())
    document["sources"][0]["unknown"] = 1
    VALIDATOR.validate(document | {"unknown": 1, "decoding": {"unknown": {"a": 1}}})
