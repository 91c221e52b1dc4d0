"""The modes in which images are read, by name, and their channels."""

from __future__ import annotations

ARRAY = "array"
"""The mode of files that are read as arrays, with any dtype and any number of channels."""
BANDS: dict[str, tuple[str, ...]] = {
    "L": ("L",),
    "LA": ("L", "A"),
    "RGB": ("R", "G", "B"),
    "RGBA": ("R", "G", "B", "A"),
    "CMYK": ("C", "M", "Y", "K"),
    "YCbCr": ("Y", "Cb", "Cr"),
    "LAB": ("L", "A", "B"),
    "HSV": ("H", "S", "V"),
    "I;16": ("I",),
    "I": ("I",),
    "F": ("F",),
}
"""The names of the channels of each mode of pictures. Modes are named as in Pillow."""
