"""Opening pictures with Pillow: only formats it decodes itself, quietly, with every fault of a file in one net."""

from __future__ import annotations

import ctypes
import logging
import re
import struct
import warnings
import zlib
from functools import cache
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING

from zm_cli.errors import DataError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

COMMON = ("PNG", "JPEG", "GIF", "BMP", "PPM")
"""The formats that Pillow loads without looking for the others; tried first."""

RARE = (
    "TIFF", "WEBP", "AVIF", "JPEG2000", "QOI", "PSD", "DDS", "ICNS", "ICO", "CUR", "DIB", "SGI", "BLP", "FTEX", "DCX",
    "FLI", "GBR", "IM", "MSP", "PCD", "PCX", "PIXAR", "SUN", "XBM", "XPM", "TGA",
)  # fmt: skip

MARKED = (*COMMON, "TIFF", "WEBP", "AVIF", "JPEG2000", "QOI", "PSD", "DDS", "ICNS", "SGI")
"""Formats that begin with an unmistakable signature: what a file without a suffix may be."""

_SILENCE = logging.NullHandler()
_ADDRESS = re.compile(r"\s*<[^<>]* object at 0x[0-9a-fA-F]+>")
_ALARM = ", could be decompression bomb DOS attack."
_ORIENTATION = 274
_METADATA = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")


@cache
def broken() -> tuple[type[BaseException], ...]:
    """The exceptions that the decoders raise for a file that is damaged, truncated or no image at all.

    MemoryError is one of them: a damaged header asks for sizes that no machine has.
    """
    from tokenize import TokenError

    from PIL import Image

    return (
        OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, ArithmeticError, AttributeError,
        AssertionError, RuntimeError, MemoryError, TokenError, struct.error, zlib.error, Image.DecompressionBombError,
    )  # fmt: skip


def say_why(error: BaseException) -> str:
    """Why a file could not be read, in one clause that is the same in every run."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "is no image that can be identified"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    if isinstance(error, MemoryError):
        return "cannot be decoded: it asks for more memory than there is"
    text = " ".join(_ADDRESS.sub("", str(error)).split()) or type(error).__name__
    return f"cannot be decoded: {text.removesuffix(_ALARM)}"


def refuse(where: str, error: BaseException) -> DataError:
    """The error to show for a file that raised one of `broken()`, or the DataError that it raised."""
    from PIL import Image

    if isinstance(error, DataError):
        return error
    repair = "remove or repair it"
    if isinstance(error, Image.DecompressionBombError):
        repair = "if it is to be trusted, allow more with --max-pixels"
    return DataError(say_why(error), where=where, hint=f"{repair}, or leave such files out: --on-error skip")


def quieten() -> None:
    """Keeps the decoders' own warnings and log messages from the user; what matters of them is said by zm."""
    warnings.filterwarnings("ignore", module=r"PIL\.|numpy\.lib\.")
    # A damaged .npy header is read as a Python literal.
    warnings.filterwarnings("ignore", category=SyntaxWarning)
    _quieten_libtiff()
    for name in ("PIL", "tifffile"):
        logging.getLogger(name).addHandler(_SILENCE)


@cache
def _quieten_libtiff() -> None:
    """Stops libtiff from printing to the standard error of the process, which no filter of Python's can do."""
    module = find_spec("PIL._imaging")
    try:
        library = ctypes.CDLL(module.origin if module else None)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            setter = getattr(library, name)
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            setter(None)
    except (OSError, AttributeError):
        # A build of Pillow with libtiff out of reach: its messages then stand beside zm's.
        return


def open_picture(stream: IO[bytes], *, marked: bool = False) -> ImageFile:
    """The picture in `stream` with its header read and no pixel decoded; `marked` keeps to formats with a signature.

    Raises one of `broken()`.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(stream, formats=COMMON)
    except UnidentifiedImageError:
        Image.init()
        rest = MARKED if marked else RARE
        return Image.open(stream, formats=[name for name in rest if name in Image.OPEN and name not in COMMON])


def orientation(picture: ImageFile) -> int:
    """The EXIF orientation (1 to 8) that is still to be applied to a picture, as far as its header tells; 1 is upright.

    Must be called before the pixels are loaded, so that the header scan and the decoder see the same.
    """
    from PIL import Image

    # Pillow turns TIFF upright by itself. PNG may carry the tag behind its pixels, where a scan of headers never looks.
    if picture.format == "TIFF" or not any(key in picture.info for key in _METADATA):
        return 1
    try:
        # The base class reads what the header held; the PNG class would load the pixels to look for more.
        found = Image.Image.getexif(picture).get(_ORIENTATION, 1)
    except broken():
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1
