"""Opens pictures with Pillow: the formats it may use, the errors it may raise, and the messages it must not print."""

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
"""The formats that Pillow reads without loading its other plugins; tried first."""

RARE = (
    "TIFF", "WEBP", "AVIF", "JPEG2000", "QOI", "PSD", "DDS", "ICNS", "ICO", "CUR", "DIB", "SGI", "BLP", "FTEX", "DCX",
    "FLI", "GBR", "IM", "MSP", "PCD", "PCX", "PIXAR", "SUN", "XBM", "XPM", "TGA",
)  # fmt: skip

MARKED = (*COMMON, "TIFF", "WEBP", "AVIF", "JPEG2000", "QOI", "PSD", "DDS", "ICNS", "SGI")
"""The formats with an unmistakable signature: only these are tried for a file without a suffix."""

_NO_OUTPUT = logging.NullHandler()
_ADDRESS = re.compile(r"\s*<[^<>]* object at 0x[0-9a-fA-F]+>")
_BOMB_WARNING = ", could be decompression bomb DOS attack."
_ORIENTATION = 274
_METADATA = ("exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp")


@cache
def broken() -> tuple[type[BaseException], ...]:
    """Returns the exceptions that decoders raise for a file that is damaged, truncated or not an image.

    MemoryError is one of them, because a damaged header may claim any size.
    """
    from PIL import Image

    return (
        OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, ArithmeticError, AttributeError,
        AssertionError, RuntimeError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
    )  # fmt: skip


def say_why(error: BaseException) -> str:
    """Returns why a file could not be read, as a clause that does not change from run to run."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "is not an image that can be identified"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read: {error.strerror}"
    if isinstance(error, MemoryError):
        return "cannot be decoded: it asks for more memory than there is"
    text = " ".join(_ADDRESS.sub("", str(error)).split()) or type(error).__name__
    return f"cannot be decoded: {text.removesuffix(_BOMB_WARNING)}"


def make_file_error(where: str, error: BaseException) -> DataError:
    """Returns the DataError for the file at `where` that raised `error`: one of `broken()`, or a DataError itself."""
    from PIL import Image

    if isinstance(error, DataError):
        return error
    repair = "remove or repair it"
    if isinstance(error, Image.DecompressionBombError):
        repair = "if you trust it, allow more with --max-pixels"
    return DataError(say_why(error), where=where, hint=f"{repair}, or leave such files out: --on-error skip")


def quieten() -> None:
    """Hides the warnings and log messages of the decoders; zm reports itself what matters to the user."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    _quieten_libtiff()
    for name in ("PIL", "tifffile"):
        logging.getLogger(name).addHandler(_NO_OUTPUT)


@cache
def _quieten_libtiff() -> None:
    """Stops libtiff, a C library that Python's filters do not reach, from printing to standard error."""
    module = find_spec("PIL._imaging")
    try:
        library = ctypes.CDLL(module.origin if module else None)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            setter = getattr(library, name)
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            setter(None)
    except (OSError, AttributeError):
        # In this build of Pillow, libtiff cannot be reached; its messages are then printed.
        return


def open_picture(stream: IO[bytes], *, marked: bool = False) -> ImageFile:
    """Returns the picture in `stream`, with its header read and no pixel decoded. Raises one of `broken()`.

    With `marked`, only formats of MARKED are tried.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(stream, formats=COMMON)
    except UnidentifiedImageError:
        Image.init()
        rest = MARKED if marked else RARE
        return Image.open(stream, formats=[name for name in rest if name in Image.OPEN and name not in COMMON])


def open_tiff(stream: IO[bytes]) -> ImageFile:
    """Returns the first page of the TIFF in `stream`, as `open_picture` opens pictures."""
    from PIL import Image

    Image.init()
    return Image.open(stream, formats=("TIFF",))


def orientation(picture: ImageFile) -> int:
    """Returns the EXIF orientation (1 to 8) in the header of a picture; 1 is upright.

    Must be called before the pixels are loaded, so that header and decoder agree. When Pillow loads the pixels, it
    turns a TIFF by this orientation, but no other picture.
    """
    from PIL import Image

    # A PNG may hold the tag after its pixels, which are not read for the header.
    if picture.format != "TIFF" and not any(key in picture.info for key in _METADATA):
        return 1
    try:
        # The method of the base class is used: that of PNG would load the pixels to look for the tag after them.
        found = Image.Image.getexif(picture).get(_ORIENTATION, 1)
    except broken():
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1
