"""The registry of methods: each module with a METHOD is one way of scaling data."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from zm_cli.methods.shared.base import Method


@cache
def methods() -> Mapping[str, Method]:
    """Every method by its name: each module here has one as METHOD."""
    found: dict[str, Method] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        if not module.ispkg:
            method: Method = importlib.import_module(f"{__name__}.{module.name}").METHOD
            found[method.name] = method
    return found


def methods_of(command: str) -> list[str]:
    """The names of the methods of a command, sorted."""
    return [name for name, method in methods().items() if method.command == command]
