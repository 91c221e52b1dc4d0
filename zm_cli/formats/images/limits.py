"""How many pixels a file may claim to hold before any memory is taken for them."""

from __future__ import annotations

import sys

MAX_PIXELS = 180_000_000
"""Unless the user says otherwise: 720 MB as Pillow holds colour."""
MOST_PIXELS = sys.maxsize // 32
"""More have no array, of four channels of 8 bytes."""
_CHANNELS = 4
"""Of a pixel as Pillow holds it; where arrays have more, each four of them count as a pixel."""


def limit_pillow(most: int) -> None:
    """Makes Pillow refuse pictures of more than `most` pixels, within files too (ICO, ICNS), and no smaller ones.

    Its limit is one for the process, so it is set wherever pictures are about to be opened.
    """
    from PIL import Image

    # Pillow raises at twice its number, and warns from there; a number is kept where there is no limit.
    Image.MAX_IMAGE_PIXELS = -(-most // 2)


def check_size(width: int, height: int, channels: int, most: int) -> None:
    """Raises Pillow's DecompressionBombError, in its words, for an image of more than `most` pixels."""
    pixels = width * height * -(-channels // _CHANNELS)
    if pixels > most:
        from PIL import Image

        raise Image.DecompressionBombError(f"Image size ({pixels} pixels) exceeds limit of {most} pixels")
