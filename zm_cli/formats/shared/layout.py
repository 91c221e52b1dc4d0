"""Layouts: the letters that name the axes of an array, as the user gives them or as the shape implies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zm_cli.data.spec import AXIS_LETTERS, LAYOUTS, Spec
from zm_cli.errors import UsageError

MAX_CHANNELS = 4
"""A first or last axis of a sample that is at most so long is taken for the channels."""


def is_layout(letters: str, rank: int) -> bool:
    """Returns whether `letters` name `rank` axes: N once, no letter twice, no unknown letter."""
    return len(letters) == rank == len(set(letters)) and "N" in letters and set(letters) <= AXIS_LETTERS


def parse_layout(asked: str, name: str, shape: tuple[int, ...]) -> str:
    """Returns the layout that the user asked for, in capitals.

    Raises UsageError if the dataset `name` of this shape cannot have it.
    """
    letters = asked.strip().upper()
    rank = len(shape)
    if is_layout(letters, rank):
        return letters
    if len(letters) != rank:
        fault = f"'{asked}' names {len(letters)} axes, {name} has {rank}: {shape}"
    elif "N" not in letters:
        fault = f"'{asked}' has no N, the axis of the samples, for {name} {shape}"
    elif len(set(letters)) != rank:
        fault = f"'{asked}' has a letter twice, for {name} {shape}"
    else:
        fault = f"'{asked}' has letters other than N, C and H W D T L, for {name} {shape}"
    raise UsageError(fault, where="--layout", hint=f"for example {LAYOUTS[rank]}")


def find_layout_fault(spec: Spec, decoding: Mapping[str, Any]) -> str | None:
    """Returns as a clause what is wrong with the layout that a stats file records in `decoding`;
    None if it is right."""
    layout = decoding.get("layout")
    if layout is not None and spec.axes != "N" + layout.replace("N", ""):
        return f"has a 'layout' other than the axes {spec.axes}"
    return None


def guess_layout(shape: tuple[int, ...]) -> str | None:
    """Returns the only layout that an array of this shape can have; None if it can have several."""
    rank = len(shape)
    if rank <= 2:
        return "NC"[:rank]
    if rank == 3 or (shape[-1] <= MAX_CHANNELS) == (shape[1] <= MAX_CHANNELS):
        return None
    inner = "HW" if rank == 4 else "DHW"
    return f"N{inner}C" if shape[-1] <= MAX_CHANNELS else f"NC{inner}"
