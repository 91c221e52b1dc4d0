"""The registry of methods: each module with a METHOD is one way of scaling data."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from zm_cli.methods.shared.base import Method


@cache
def methods() -> Mapping[str, Method]:
    """Returns every method by its name: each module here has one as METHOD."""
    found: dict[str, Method] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        if not module.ispkg:
            method: Method = importlib.import_module(f"{__name__}.{module.name}").METHOD
            found[method.name] = method
    return found


def methods_of(command: str) -> list[str]:
    """Returns the names of the methods of a command, sorted."""
    return [name for name, method in methods().items() if method.command == command]


def default_method(command: str) -> Method:
    """Returns the method that a command applies unless `--method` names another one."""
    (found,) = (methods()[name] for name in methods_of(command) if methods()[name].default)
    return found


def checked_method(command: str) -> Method:
    """Returns the method that data are checked for, where nothing says which method of a command they were made by."""
    (found,) = (methods()[name] for name in methods_of(command) if methods()[name].checked)
    return found


def doubted_methods() -> list[Method]:
    """Returns the methods whose signs are looked for in data where statistics are only kept, in their order."""
    ranked = [(method.doubt_rank, method) for method in methods().values() if method.doubt_rank is not None]
    return [method for _, method in sorted(ranked, key=lambda pair: pair[0])]
