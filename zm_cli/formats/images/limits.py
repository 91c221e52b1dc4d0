"""Limits how many pixels a file may claim to hold, before memory is allocated for them."""

from __future__ import annotations

import sys

DEFAULT_MAX_PIXELS = 180_000_000
"""The limit unless the user sets another: 720 MB as Pillow stores colour."""
MAX_PIXELS = sys.maxsize // 32
"""No array of four channels of 8 bytes can have more."""
_PIXEL_CHANNELS = 4
"""The number of channels that count as one pixel: Pillow stores up to four.
In arrays with more, every four count as one."""


def choose_limit(asked: int | None) -> int:
    """Returns the most pixels that an image may claim: as many as the user `asked` for, or the default for None."""
    return DEFAULT_MAX_PIXELS if asked is None else min(asked, MAX_PIXELS)


def limit_pillow(max_pixels: int) -> None:
    """Makes Pillow refuse exactly the pictures of more than `max_pixels` pixels, also inside ICO and ICNS files.

    Pillow's limit holds for the whole process, so this is called before pictures are opened.
    """
    from PIL import Image

    # Pillow raises an error above twice this number.
    Image.MAX_IMAGE_PIXELS = -(-max_pixels // 2)


def check_size(width: int, height: int, channels: int, max_pixels: int) -> None:
    """Raises Pillow's DecompressionBombError, with Pillow's message, for an image of more than `max_pixels` pixels."""
    pixels = width * height * -(-channels // _PIXEL_CHANNELS)
    if pixels > max_pixels:
        from PIL import Image

        raise Image.DecompressionBombError(f"Image size ({pixels} pixels) exceeds limit of {max_pixels} pixels")
