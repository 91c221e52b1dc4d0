"""The choices in decoding that a stats file records: what each may be, for they are made again for other data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zm_cli.data.spec import Spec

MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I", "F", "array"})
"""The modes that images are read in."""

MOST_LENGTH = 65_535
"""Pixels along a side that pictures are resized to."""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_mode(value: Any) -> bool:
    return isinstance(value, str) and value in MODES


def _is_size(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(length) is int and 1 <= length <= MOST_LENGTH for length in value)
    )


def _is_place(value: Any) -> bool:
    # Names in a file may be any bytes; those that are no text are spelled as in the names of files.
    return isinstance(value, str) and bool(value) and "\0" not in value and _can_be_bytes(value, "surrogateescape")


def _is_layout(value: Any) -> bool:
    return (
        isinstance(value, str) and "N" in value and len(set(value)) == len(value) and set(value) <= frozenset("NCHWDTL")
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and _can_be_bytes(value, "strict")


def _can_be_bytes(text: str, errors: str) -> bool:
    try:
        text.encode(errors=errors)
    except UnicodeEncodeError:
        return False
    return True


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


CHOICES: Mapping[str, Mapping[str, Callable[[Any], bool]]] = {
    "images": {"mode": _is_mode, "lossy": _is_flag, "resize": _is_size, "exif": _is_flag},
    "hdf5": {"dataset": _is_place, "layout": _is_layout},
    "csv": {"header": _is_flag, "null_values": _are_texts},
}
"""For each kind of dataset the choices there are, and what each must be where it is not null."""


def find_wrong_choice(spec: Spec, decoding: Mapping[str, Any]) -> str | None:
    """What is wrong with the choices recorded for data of this spec; None where all of them can be."""
    choices = CHOICES[spec.kind]
    for choice, value in decoding.items():
        if choice not in choices:
            return f"has a '{choice[:50]}', which is no choice for {spec.kind}"
        if value is not None and not choices[choice](value):
            return f"has a '{choice}' that cannot be"
    resize, layout = decoding.get("resize"), decoding.get("layout")
    if resize is not None and (spec.axes != "NHWC" or spec.sample_shape[:2] != (resize[1], resize[0])):
        return "has a 'resize' that is not the size of the samples"
    if layout is not None and spec.axes != "N" + layout.replace("N", ""):
        return f"has a 'layout' other than the axes {spec.axes}"
    return None
