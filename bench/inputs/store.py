"""Inputs on disk: each is made once, and anew when its recipe has changed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How an input is made: `make(path, *sources, **parameters)`, from the inputs it names as sources.

    `version` goes up when `make` changes what it writes.
    """

    make: Callable[..., None]
    version: int
    parameters: Mapping[str, Any]
    sources: tuple[str, ...] = ()


def provide(recipes: Mapping[str, Recipe], names: Iterable[str], folder: Path) -> None:
    """Makes the inputs `names`, and what they are made from, where they are absent or of another recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        recipe = recipes[name]
        provide(recipes, recipe.sources, folder)
        path, stamp = folder / name, folder / f"{name}.recipe"
        text = _describe(recipes, name)
        if stamp.exists() and stamp.read_text() == text:
            continue
        print(f"making {name}", file=sys.stderr)
        stamp.unlink(missing_ok=True)
        _remove(path)
        recipe.make(path, *(folder / source for source in recipe.sources), **recipe.parameters)
        # Last, so that half an input never passes for a whole one.
        stamp.write_text(text)


def _describe(recipes: Mapping[str, Recipe], name: str) -> str:
    recipe = recipes[name]
    line = f"{name}: {recipe.make.__name__} version {recipe.version} {dict(recipe.parameters)}\n"
    return line + "".join(_describe(recipes, source) for source in recipe.sources)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
