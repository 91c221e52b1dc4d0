"""Texts for messages about data: cells, vectors, and errors that several modules raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zm_cli.data.block import Rejected
from zm_cli.data.source import Source
from zm_cli.errors import DataError
from zm_cli.formats import reading_options
from zm_cli.formats.shared.options import MASK
from zm_cli.inputs.option_text import spell_names
from zm_cli.inputs.standard_input import name_input
from zm_cli.numbers.axes import Per


def format_value(text: str, most: int = 40) -> str:
    """Returns the text of a cell in quotes, shortened if it is long."""
    return f"'{text}'" if len(text) <= most else f"'{text[:most]}...' ({len(text):,} characters)"


def spell(option: str) -> str:
    """Returns an option of reading as it is typed, by its name."""
    return reading_options()[option].spelling


def not_a_number(path: str, column: str, cell: Rejected, *, named: bool = True) -> DataError:
    """Returns the error of a cell that is not a number in a column of numbers.

    `named` says that the user named the column.
    """
    value = format_value(cell.value)
    missing, left = f"{spell('null_values')} {value}", f"{spell('exclude')} {spell_names([column])}"
    skipping = f", {spell('on_error')} skip leaves out such rows" if named else ""
    return DataError(
        f"row {cell.row} holds {value}, {cell.reason}",
        where=f"{name_input(path)}: column '{column}'",
        hint=f"{missing} treats it as missing, {left} leaves the column as it is{skipping}",
    )


def missing_value(source: Source, sample: int, feature: int, per: Per) -> DataError:
    """Returns the error of a missing value if none is allowed; samples are counted from 1."""
    names = source.spec.names
    row = "row" if source.spec.axes == "NC" else "sample"
    column = f", column '{names[feature]}'" if names and per == "column" else ""
    mask = source.spec.decoding.get(MASK.name)
    masked = f"masked ({MASK.spelling} {mask}), " if mask else ""
    return DataError(
        f"is {masked}missing or not finite, and --missing error allows none",
        where=f"{name_input(source.path)}: {row} {sample}{column}",
    )


@contextmanager
def name_source(path: str) -> Iterator[None]:
    """Adds the path of the data to a DataError that is raised inside and names no place."""
    try:
        yield
    except DataError as error:
        if error.where is not None:
            raise
        raise type(error)(error.what, where=name_input(path), hint=error.hint) from error


def name_vectors(axes: str, per: Per) -> str:
    """Returns what the vectors of features of such data are called, in the plural."""
    return "rows" if axes == "NC" else "pixels" if per == "channel" else "samples"


def changed_meanwhile(path: str, what: str | None = None) -> DataError:
    """Returns the error of data that had changed when they were read a second time."""
    detail = f": {what}" if what else ""
    return DataError(
        f"changed while it was read{detail}", where=path, hint="run zm again when no other program writes to it"
    )
