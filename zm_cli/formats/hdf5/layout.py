"""Which axis of a dataset is what: layouts given, written on the dataset, or found where one answer is possible."""

from __future__ import annotations

from typing import Any

from zm_cli.data.spec import LAYOUTS
from zm_cli.errors import UsageError
from zm_cli.formats.hdf5.access import ERRORS

AXIS_LETTERS = frozenset("NCHWDTL")
MOST_CHANNELS = 4
"""An axis this short, first or last of a sample, is taken for the channels."""


def is_layout(letters: str, rank: int) -> bool:
    """Whether `letters` name `rank` axes: N once, no letter twice, nothing unknown."""
    return len(letters) == rank == len(set(letters)) and "N" in letters and set(letters) <= AXIS_LETTERS


def parse_layout(asked: str, place: str, shape: tuple[int, ...]) -> str:
    """The layout that the user asked for, in capitals; UsageError where a dataset of this shape cannot have it."""
    letters = asked.strip().upper()
    rank = len(shape)
    if is_layout(letters, rank):
        return letters
    if len(letters) != rank:
        fault = f"'{asked}' names {len(letters)} axes, {place} has {rank}: {shape}"
    elif "N" not in letters:
        fault = f"'{asked}' has no N, the axis of the samples, for {place} {shape}"
    elif len(set(letters)) != rank:
        fault = f"'{asked}' has a letter twice, for {place} {shape}"
    else:
        fault = f"'{asked}' has letters other than N, C and H W D T L, for {place} {shape}"
    raise UsageError(fault, where="--layout", hint=f"for example {LAYOUTS[rank]}")


def find_layout(dataset: Any) -> str | None:
    """The layout that the dataset itself says or that its shape leaves no doubt of; None where there is doubt."""
    return declared_layout(dataset) or _obvious_layout(dataset.shape)


def declared_layout(dataset: Any) -> str | None:
    """The layout in the dataset's `layout` attribute, or else in its dimension labels; None without either."""
    rank = len(dataset.shape)
    letters = read_text(dataset, "layout")
    if letters is not None and is_layout(letters, rank):
        return letters
    try:
        labels = [str(dimension.label) for dimension in dataset.dims]
    except ERRORS:
        return None
    joined = "".join(labels)
    return joined if all(len(label) == 1 for label in labels) and is_layout(joined, rank) else None


def read_text(dataset: Any, name: str) -> str | None:
    """The text attribute `name`; None where there is none or it is no single text."""
    try:
        value = dataset.attrs.get(name)
    except ERRORS:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else None


def _obvious_layout(shape: tuple[int, ...]) -> str | None:
    rank = len(shape)
    if rank <= 2:
        return "NC"[:rank]
    if rank == 3 or (shape[-1] <= MOST_CHANNELS) == (shape[1] <= MOST_CHANNELS):
        return None
    inner = "HW" if rank == 4 else "DHW"
    return f"N{inner}C" if shape[-1] <= MOST_CHANNELS else f"NC{inner}"
