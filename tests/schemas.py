"""Schemas that refuse every key they do not name: what zm prints must have no others."""

from __future__ import annotations

from typing import Any

from zm_cli.schema import load_schema


def load_closed(name: str) -> dict[str, Any]:
    """The schema of a document, without room for the unknown keys that later versions may add."""
    schema: dict[str, Any] = _close(load_schema(name))
    return schema


def _close(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_close(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _close(value) for key, value in schema.items()}
    if "object" in schema.get("type", ()) and "properties" in schema:
        closed.setdefault("additionalProperties", False)
    return closed
