"""The registry of optional statistics: each module here is one, computed if its option asks for it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from zm_cli.numbers.statistic import Statistic


@cache
def optional_statistics() -> Mapping[str, type[Statistic]]:
    """Returns every optional statistic by its name: each module here has one as STATISTIC."""
    found: dict[str, type[Statistic]] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda entry: entry.name):
        statistic: type[Statistic] = importlib.import_module(f"{__name__}.{module.name}").STATISTIC
        found[statistic.name] = statistic
    return found
