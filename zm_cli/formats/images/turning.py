"""Turns images upright by their orientation, numbered 1 to 8 as in EXIF and TIFF; 1 is upright."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

SIDEWAYS = (5, 6, 7, 8)
"""The orientations in which width and height are exchanged."""
_OPPOSITE = {6: 8, 8: 6}
"""The opposite of each orientation that is not undone by being applied once more."""


def turn_picture(picture: Image, orientation: int) -> Image:
    """Returns the upright picture of one that is stored in this orientation."""
    return picture if orientation == 1 else picture.transpose(_transposes()[orientation])


def turn_back(picture: Image, orientation: int) -> Image:
    """Returns an upright picture as it was stored in this orientation."""
    return turn_picture(picture, _OPPOSITE.get(orientation, orientation))


def turn_array(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Returns the upright array (H,W,C) of one that is stored in this orientation, as a view."""
    if orientation in SIDEWAYS:
        values = values.swapaxes(0, 1)
    flip_rows, flip_columns = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return values[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]


@cache
def _transposes() -> dict[int, Transpose]:
    """Returns the operation that turns a picture upright, by its orientation (as in PIL.ImageOps.exif_transpose)."""
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
