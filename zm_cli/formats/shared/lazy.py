"""Functions of a Format that several formats have. They import what they need when they are called.

The command line reads the declarations of all formats at every start, so they must not load heavy libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from zm_cli.data.format import Complete
from zm_cli.data.options import Option, ReadOptions
from zm_cli.formats.shared.options import BY, MASK, WEIGHT

CompleteOption = Callable[[Option[str], str, str], Iterator[tuple[str, str]]]
"""Takes an option, the path of the data and the start of a value; yields possible values as `Complete` does."""


def find_receipt_beside(output: str, options: ReadOptions) -> Mapping[str, Any] | None:
    """Returns the receipt beside the file `output`, as `read_receipt` does."""
    from zm_cli.formats.shared.receipt_beside import read_receipt

    return read_receipt(output)


def list_receipt_beside(path: str) -> Iterator[tuple[str, str]]:
    """Yields the receipt beside the file at `path` as `list_files` of a Format does, if there is one."""
    from zm_cli.formats.shared.receipt_beside import receipt_path

    if (receipt := receipt_path(path)).exists():
        yield "receipt", str(receipt)


def make_beside_completers(complete: CompleteOption) -> dict[str, Complete]:
    """Returns the completers of the options that name an array beside the data, by the options' names."""

    def bind(option: Option[str]) -> Complete:
        return lambda path, options, begun: complete(option, path, begun)

    return {option.name: bind(option) for option in (BY, WEIGHT, MASK)}
