"""Facts on standard output, each after its name, wrapped to the width of the terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence

from zm_cli.errors import escape_controls

NAME_WIDTH = 13
"""The width of the names, in characters; longer ones are followed by their text at once."""
MIN_WIDTH = 20
"""The least width of a text, in characters, even in a narrower terminal."""


def print_facts(facts: Mapping[str, str | Sequence[str]]) -> None:
    """Prints each name with its text, unless that is empty; of several texts, each begins a line below the first.

    In a terminal, long texts are wrapped.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for name, found in facts.items():
        texts = [found] if isinstance(found, str) else found
        for number, text in enumerate(filter(None, texts)):
            print(layout_fact("" if number else name, escape_controls(text), width))


def layout_fact(name: str, text: str, width: int | None) -> str:
    """Returns the lines of a fact, none wider than `width` characters if words allow that; None sets no limit."""
    start = f"{name:<{NAME_WIDTH}} "
    if width is None:
        return start + text
    # Long words are not broken, so that they can be copied.
    room = max(MIN_WIDTH, width - len(start))
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return start + f"\n{' ' * (NAME_WIDTH + 1)}".join(lines)
