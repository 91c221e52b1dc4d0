"""Facts on standard output, each with its name before it, wrapped to the width of the terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping

from zm_cli.errors import escape_controls

NAME_WIDTH = 13
"""Columns of the longest usual name."""
MIN_WIDTH = 20
"""Columns that a text has at least, however narrow the terminal."""


def print_facts(facts: Mapping[str, str]) -> None:
    """Prints each name with its text, if that is not empty; at a terminal, long texts are wrapped below themselves."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for name, text in facts.items():
        if text:
            print(layout_fact(name, escape_controls(text), width))


def layout_fact(name: str, text: str, width: int | None) -> str:
    """The line or lines of a fact, none wider than `width` columns if words allow that; None: there is no limit."""
    start = f"{name:<{NAME_WIDTH}} "
    if width is None:
        return start + text
    # A word that was cut could not be copied, so that a long one is left whole.
    room = max(MIN_WIDTH, width - len(start))
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return start + f"\n{' ' * (NAME_WIDTH + 1)}".join(lines)
