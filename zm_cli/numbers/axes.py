"""Which axes of a block are those of the features. Axes are chosen by number only here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast, get_args

from zm_cli.data.spec import LAYOUTS, UNNAMED, Spec
from zm_cli.errors import UsageError

Per = Literal["channel", "pixel", "column", "all"]
PER: tuple[Per, ...] = get_args(Per)


def is_unclear(axes: str) -> bool:
    """Returns whether one of these axes may hold the channels, but it is not known which."""
    return not set(UNNAMED).isdisjoint(axes)


def list_pers(axes: str) -> tuple[Per, ...]:
    """Returns the possible values of `--per` for data with these axes, the default first.

    Unclear axes have no default.
    """
    if axes == "N":
        return ("all",)
    if axes == "NC":
        return ("column", "all")
    if is_unclear(axes):
        return ("pixel", "all")
    return ("channel", "pixel", "all")


def choose_per(spec: Spec, asked: str | None, where: str) -> Per:
    """Returns `asked`, or the default `per` for this data.

    Raises UsageError, naming the possible values, if `asked` is not possible for the data, or if there is no default
    because it is not known which axis holds the channels.
    """
    possible = list_pers(spec.axes)
    if asked in possible:
        return asked
    shape = describe_shape(spec.sample_shape)
    if is_unclear(spec.axes) and asked in (None, "channel"):
        raise UsageError(
            f"it is not clear which axis of the samples ({shape}) holds the channels",
            where=where,
            hint=f"use --layout {LAYOUTS[len(spec.axes)]}, or --per {' or --per '.join(possible)}",
        )
    if asked is None:
        return possible[0]
    if asked not in PER:
        raise UsageError(f"there is no --per {asked}", hint=f"choose from {', '.join(PER)}")
    letters = "" if is_unclear(spec.axes) else f" ({spec.axes})"
    raise UsageError(
        f"--per {asked} is not possible for samples of shape {shape}{letters}",
        where=where,
        hint=f"possible here: --per {', '.join(possible)}",
    )


def find_feature_axes(axes: str, per: Per) -> tuple[int, ...]:
    """Returns the indices of the axes of a block that are not averaged over."""
    if per == "pixel":
        return tuple(range(1, len(axes)))
    if per == "all" or "C" not in axes:
        return ()
    return (axes.index("C"),)


def find_shape(shape: tuple[int, ...], feature_axes: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape of the statistics of an array of this shape: the sizes of `feature_axes`; (1,) without any."""
    return tuple(shape[axis] for axis in feature_axes) or (1,)


def find_feature_shape(spec: Spec, per: Per) -> tuple[int, ...]:
    """Returns the shape of the statistics: `(C,)`, `(K,)`, the sample shape, or `(1,)`.

    The sizes in it must be known.
    """
    shape = cast("tuple[int, ...]", (0, *spec.sample_shape))
    return find_shape(shape, find_feature_axes(spec.axes, per))


def count_channels(spec: Spec) -> int | None:
    """Returns the number of channels: 1 for samples without an axis of channels, None for tables and scalars."""
    if len(spec.axes) < 3:
        return None
    return spec.sample_shape[spec.axes.index("C") - 1] if "C" in spec.axes else 1


def find_broadcast_shape(features: tuple[int, ...], axes: str, per: Per) -> tuple[int, ...]:
    """Returns the shape in which statistics of shape `features` broadcast against a block with these axes."""
    feature_axes = find_feature_axes(axes, per)
    if not feature_axes:
        return (1,) * len(axes)
    sizes = dict(zip(feature_axes, features, strict=True))
    return tuple(sizes.get(axis, 1) for axis in range(len(axes)))


def describe_shape(shape: Iterable[int | None]) -> str:
    """Returns a sample shape in words: `28x28x1`, `?` for a size that varies, `one value` for a scalar."""
    return "x".join("?" if size is None else str(size) for size in shape) or "one value"
