"""Recognizes images by file name: the suffixes of pictures and of NumPy arrays."""

from __future__ import annotations

PICTURES = frozenset(
    {
        ".apng", ".avif", ".avifs", ".blp", ".bmp", ".bw", ".cur", ".dcx", ".dds", ".dib", ".flc", ".fli", ".ftc",
        ".ftu", ".gbr", ".gif", ".icb", ".icns", ".ico", ".im", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc", ".jpe",
        ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".msp", ".pbm", ".pcd", ".pcx", ".pfm", ".pgm", ".png", ".pnm",
        ".ppm", ".psd", ".pxr", ".qoi", ".ras", ".rgb", ".rgba", ".sgi", ".tga", ".tif", ".tiff", ".vda", ".vst",
        ".webp", ".xbm", ".xpm",
    }
)  # fmt: skip
"""Pillow's picture suffixes, without those it recognizes but cannot read (.h5, .grib, .bufr, .mpg, .pdf, .wmf), those
it passes to another program (.eps, .ps), and .fits, whose zero point and scale (BZERO, BSCALE) it does not apply."""

TIFFS = frozenset({".tif", ".tiff"})
ARRAY = ".npy"


def suffix_of(name: str) -> str:
    """Returns the suffix of a file name in lower case with its dot; empty if there is none."""
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and stem else ""


def is_image_suffix(name: str) -> bool:
    """Returns whether a file of this name should be an image or an array."""
    suffix = suffix_of(name)
    return suffix in PICTURES or suffix == ARRAY
