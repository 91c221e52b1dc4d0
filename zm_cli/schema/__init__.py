"""The JSON Schemas of what zm reads and prints, completed by the formats and the statistics."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from zm_cli.formats import formats, reading_options
from zm_cli.numbers.groups.groups import SECTION
from zm_cli.numbers.moments.moments import Moments
from zm_cli.numbers.statistic import ArrayField, Statistic
from zm_cli.statistics import optional_statistics

NAMES = ("stats", "inspect", "survey", "check", "written", "joined", "error")
"""The documents that have a schema."""


def load_schema(name: str) -> dict[str, Any]:
    """Returns the JSON Schema of a document, one of NAMES.

    The file in this folder has what is the same for all formats and statistics. The rest is added here: the kinds of
    datasets, the options of reading that are recorded, and the arrays of all statistics.
    """
    text = (files(__name__) / f"{name}-v1.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    definitions = schema.get("$defs", {})
    if "kind" in definitions:
        definitions["kind"] |= {"enum": list(formats())}
    if "decoding" in definitions:
        definitions["decoding"] |= {"properties": _describe_decoding()}
    if "counts" in definitions:
        optional = optional_statistics().values()
        _add_arrays(schema, Moments)
        schema["required"] += _list_required(Moments)
        for statistic in optional:
            _add_arrays(schema, statistic)
        every: tuple[type[Statistic], ...] = (Moments, *optional)
        for statistic in every:
            _add_arrays(schema["properties"][SECTION], statistic)
        # A file with one array of a statistic has all that the statistic requires.
        schema["dependentRequired"] = {
            field: required
            for statistic in optional
            if (required := _list_required(statistic))
            for field in statistic.arrays
            if "." not in field
        }
    return schema


def _describe_decoding() -> dict[str, Any]:
    """Returns the schema of each option that is recorded; every one of them can be null."""
    return {
        name: {"anyOf": [dict(option.recorded.schema), {"type": "null"}]}
        for name, option in reading_options().items()
        if option.recorded is not None
    }


def _list_required(statistic: type[Statistic]) -> list[str]:
    """Returns the arrays that the statistic always has; those of a section are required by the section."""
    return [field for field, array in statistic.arrays.items() if array.required and "." not in field]


def _add_arrays(schema: dict[str, Any], statistic: type[Statistic]) -> None:
    """Adds the schema of each array of the statistic, and of what is printed besides; each section is an object."""
    described = {
        field: {"$ref": f"#/$defs/{_name_kind(array)}"} | dict(array.described or {})
        for field, array in statistic.arrays.items()
    }
    for field, entry in (described | dict(statistic.printed)).items():
        *sections, name = field.split(".")
        inside = schema
        for section in sections:
            inside = inside["properties"].setdefault(section, {"type": "object", "required": [], "properties": {}})
        inside["properties"][name] = entry
        if sections and field in statistic.arrays and statistic.arrays[field].required:
            inside["required"].append(name)


def _name_kind(array: ArrayField) -> str:
    """Returns the name of the definition in the schema files for the contents of such an array."""
    if not array.whole:
        return "numbers"
    return "integers" if array.signed else "counts"
