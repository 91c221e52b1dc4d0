"""The options of the images format: how their text is parsed, and how stats files record them."""

from __future__ import annotations

import re
import sys
from typing import Any, Literal

from zm_cli.data.options import Option, Panel, Recorded, Replay
from zm_cli.data.recorded_values import is_flag
from zm_cli.errors import UsageError
from zm_cli.formats.images.bands import ARRAY, BANDS
from zm_cli.inputs.option_text import parse_names

MAX_LENGTH = 65_535
"""The largest width or height to resize to, in pixels."""
MODES = (*BANDS, ARRAY)
FRAME_CHOICES = ("first", "all")


def parse_resize(text: str) -> tuple[int, int]:
    """Returns the width and height in a text such as `224x224`; raises UsageError if it is not a size."""
    match = re.fullmatch(r"([1-9]\d*)[xX]([1-9]\d*)", text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not a size", where="--resize", hint="write it as WIDTHxHEIGHT: 224x224")
    return int(match[1]), int(match[2])


def parse_pixels(text: str) -> int:
    """Returns the number of pixels in a text such as `180M`, `2.5G` or `40000000`; the largest integer for `none`.

    Units are powers of 1000. Raises UsageError if the text is not such a number.
    """
    if text.strip().lower() == "none":
        return sys.maxsize
    match = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)\s*([kmg]?)", text.strip().lower())
    pixels = round(float(match[1]) * 1000 ** " kmg".index(match[2] or " ")) if match else 0
    if not pixels:
        raise UsageError(f"'{text}' is not a number of pixels", where="--max-pixels", hint="write it as 180M, or none")
    return min(pixels, sys.maxsize)


def _is_mode(value: Any) -> bool:
    return isinstance(value, str) and value in MODES


def _is_size(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(length) is int and 1 <= length <= MAX_LENGTH for length in value)
    )


INCLUDE: Option[tuple[str, ...]] = Option(
    "include",
    given_as=list[str],
    parse=lambda given: parse_names(given, "--include"),
    metavar="GLOB,...",
    help="Images: only files that match, written as in .gitignore.",
    panel=Panel.DATA,
)
MODE: Option[str] = Option(
    "mode",
    # With None, the format chooses.
    parse=lambda given: None if given == "auto" else given,
    metavar="auto|L|RGB|...",
    suggestions=("auto", *MODES),
    help="Read every image in this mode. auto: gray stays gray at its depth, all else is RGB.",
    panel=Panel.IMAGE,
    recorded=Recorded(_is_mode, {"enum": list(MODES)}, Replay.ALWAYS),
)
LOSSY: Option[bool] = Option("lossy", recorded=Recorded(is_flag, {"type": "boolean"}, Replay.ALWAYS))
"""Whether conversion to the mode may lose precision; by default only if the user named the mode. It is not on the
command line, but stats files record it, so that other data are read in the same way."""
AS_STORED: Option[bool] = Option("as_stored", recorded=Recorded(is_flag, {"type": "boolean"}, Replay.ALWAYS))
"""Whether arrays keep every channel that they are stored with, including alpha and inks; by default only if the user
asked for the mode `array`. Like LOSSY, it is not on the command line."""
FRAMES: Option[str] = Option(
    "frames",
    given_as=Literal["first", "all"] | None,
    help="Of files with several frames or pages: read the first (default), or all, each as a sample.",
    panel=Panel.IMAGE,
    recorded=Recorded(lambda value: value in FRAME_CHOICES, {"enum": list(FRAME_CHOICES)}, Replay.ALWAYS),
)
RESIZE: Option[tuple[int, int]] = Option(
    "resize",
    parse=parse_resize,
    metavar="WxH",
    suggestions=("224x224", "256x256", "384x384", "512x512"),
    help="Resize every image to this size first.",
    panel=Panel.IMAGE,
    recorded=Recorded(
        _is_size,
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": MAX_LENGTH},
            "minItems": 2,
            "maxItems": 2,
            "description": "Width and height.",
        },
        Replay.ALWAYS,
    ),
)
"""Width and height in pixels."""
EXIF: Option[bool] = Option(
    "exif",
    given_as=bool | None,
    flags=("--exif/--no-exif",),
    help="Turn images as their EXIF says (default: as stored).",
    panel=Panel.IMAGE,
    recorded=Recorded(is_flag, {"type": "boolean"}, Replay.ALWAYS),
)
MAX_PIXELS: Option[int] = Option(
    "max_pixels",
    parse=parse_pixels,
    metavar="N",
    suggestions=("180M", "500M", "1G", "none"),
    help="Refuse images that claim more: 500M, none for no limit (default 180M).",
    panel=Panel.IMAGE,
)
"""The largest number of pixels that an image may claim. It affects no value, so stats files do not record it."""
