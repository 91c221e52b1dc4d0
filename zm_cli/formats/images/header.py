"""Header: what the header of a file says; made from a picture that Pillow has opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zm_cli.formats.images.arrays import ArrayType
from zm_cli.formats.images.pictures import broken, orientation
from zm_cli.formats.images.precision import describe_loss, is_stretched

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_MULTI_FRAME_FORMATS = frozenset({"GIF", "PNG", "WEBP", "AVIF", "MPO", "FLI", "DCX", "IM"})
"""Formats for which Pillow reads every frame. (The layers of a drawing and the sizes of an icon are not frames.)"""
_STRAIGHT_ALPHA = {"La": "LA", "RGBa": "RGBA"}
"""The mode with straight alpha for each mode with premultiplied alpha."""
_16_BIT_MODES = frozenset({"I;16B", "I;16L", "I;16N"})


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a file says. Files with equal headers share one object.

    `mode` is the mode of the picture, as Pillow names it (16-bit gray is always `I;16`), or empty if the file can only
    be read as an array. `width` and `height` are as stored. `loss` says as a clause what Pillow would not keep; it is
    empty if Pillow keeps everything. `stretched` says whether Pillow scales the values to the full range of their type,
    `frames` whether there are several frames or pages. `orientation` is that of EXIF or TIFF, 1 to 8. `array` is the
    type of the file read as an array, `stored` its type with every channel as it is stored; each is None if the file
    cannot be read so, and `fault` then says why. `origin` is what becomes RGB in the array ("16-bit CMYK").
    `is_indexed` says whether the values are indices of a palette, `white_is_zero` whether they count from white,
    `recoded` as a clause how stored values are changed on reading; it is empty if they are not. `masked` and `copies`
    say whether further pages hold a mask or copies of lower resolution. `nodata` is the number that means no data; None
    if none is declared, or nan. `planes` is the number of images of a stack of which only the first has a page; 1 for
    other files. `remark` is a clause on anything else in the file that the user should know.
    """

    mode: str
    width: int
    height: int
    suffix: str
    alpha: bool = False
    loss: str = ""
    stretched: bool = False
    orientation: int = 1
    frames: bool = False
    array: ArrayType | None = None
    stored: ArrayType | None = None
    fault: str = ""
    origin: str = ""
    is_indexed: bool = False
    white_is_zero: bool = False
    recoded: str = ""
    masked: bool = False
    copies: bool = False
    nodata: float | None = None
    planes: int = 1
    remark: str = ""


def describe_picture(picture: ImageFile, suffix: str) -> Header:
    """Returns the header of an opened picture. The orientation of a TIFF is left to its tags."""
    mode = picture.mode
    # Read first, because looking for further frames may change the metadata of the picture.
    turn = orientation(picture) if picture.format != "TIFF" else 1
    is_16_bit = mode in _16_BIT_MODES or (mode == "I" and picture.format in ("PPM", "PNG"))
    try:
        frames = picture.format in _MULTI_FRAME_FORMATS and bool(getattr(picture, "is_animated", False))
    except broken():
        frames = False
    loss = describe_loss(picture)
    return Header(
        "I;16" if is_16_bit else _STRAIGHT_ALPHA.get(mode, mode),
        *picture.size,
        suffix,
        alpha="transparency" in picture.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"),
        loss=loss,
        stretched=not loss and is_stretched(picture),
        orientation=turn,
        frames=frames,
    )
