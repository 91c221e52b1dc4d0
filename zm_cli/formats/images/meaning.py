"""What the channels of a TIFF that is read as an array mean: alpha, inks, white as zero, indices of a palette.

At any depth, values are converted here as Pillow converts 8-bit pictures, so that both mean the same. A file whose
values cannot be converted is refused with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zm_cli.formats.images.tiff import BITS, EXTRA_SAMPLES, PHOTOMETRIC, Page

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5
"""Values of the tag PhotometricInterpretation."""
_COLOURS = {RGB: 3, CMYK: 4}
"""The number of channels of an interpretation, unless it is one."""
_UNREAD = {6: "YCbCr", 8: "CIELab", 9: "ICCLab", 10: "ITULab", 32844: "LogL", 32845: "LogLuv"}
ASSOCIATED = 1
"""The value of the tag ExtraSamples for alpha that the colours have been multiplied by."""
_ALPHA = frozenset({ASSOCIATED, 2, 999})
"""All its values for alpha: associated, straight, and the one that Corel Draw writes."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the stored channels are converted, so that they are gray, or red, green and blue, or bands without a name.

    `channels` and `dtype` are those of the result. `origin` says what is converted ("16-bit CMYK"), and is empty if
    nothing is; `alpha` lists the indices of the channels that are left out. `white` is the value that zero stands for
    if zero is white, else 0. `remark` says what the file declares but cannot be right. `fault` says why the file is not
    read, `indices` that its stored values are indices of a palette and not numbers.
    """

    channels: int
    dtype: str
    origin: str = ""
    alpha: tuple[int, ...] = ()
    is_associated: bool = False
    white: int = 0
    remark: str = ""
    fault: str = ""
    indices: bool = False


def find_meaning(page: Page, dtype: np.dtype[Any], channels: int) -> Meaning:
    """Returns the meaning of the stored channels of a page, by its tags."""
    photometric, bits = page.number(PHOTOMETRIC, WHITE_IS_ZERO), page.number(BITS, 1)
    if photometric == PALETTE:
        if channels > 1 or dtype.kind != "u" or dtype.itemsize > 2:
            return Meaning(channels, dtype.name, fault=f"holds indices of a palette as {dtype}", indices=True)
        return Meaning(3, "uint8", origin=f"{bits}-bit palette", indices=True)
    if photometric in _UNREAD:
        fault = f"holds {_UNREAD[photometric]} values of {bits} bits, which are converted to RGB only at 8 bits"
        return Meaning(channels, dtype.name, fault=fault)
    alpha, is_associated = _find_alpha(page, photometric, channels)
    kept = channels - len(alpha)
    fault = origin = remark = ""
    if is_associated and (dtype.kind == "i" or (dtype.itemsize > 4 and dtype.kind == "u") or photometric == CMYK):
        fault = f"holds colours of {dtype} that are multiplied by their alpha, and cannot be divided by it"
    elif photometric == CMYK:
        if kept != 4 or dtype.kind != "u" or dtype.itemsize > 4:
            fault = f"holds CMYK with {channels} channels of {dtype}, which is not converted to RGB"
        else:
            origin, kept = f"{bits}-bit CMYK", 3
    white = 0
    if photometric == WHITE_IS_ZERO:
        if dtype.kind == "u":
            white = (1 << min(bits, 8 * dtype.itemsize)) - 1
        else:
            remark = f"says that white is zero, but holds values of {dtype}, which are read as stored"
    return Meaning(kept, dtype.name, origin, alpha, is_associated, white, remark, fault)


def apply_meaning(values: NDArray[Any], meaning: Meaning, colours: NDArray[Any] | None) -> NDArray[Any]:
    """Returns the values (H,W,C) of the stored channels (H,W,S); `colours` (3,n) is the palette, in 16 bits.

    Raises ValueError if an index is outside of the palette, or there is none.
    """
    if meaning.indices:
        return _look_up(values[..., 0], colours)
    if meaning.alpha:
        kept = [channel for channel in range(values.shape[2]) if channel not in meaning.alpha]
        alpha = values[..., meaning.alpha[0]]
        values = values[..., kept]
        if meaning.is_associated:
            values = _divide(values, alpha[..., np.newaxis])
    if meaning.white:
        return invert(values, meaning.white)
    return _to_rgb(values) if meaning.origin else values


def invert(values: NDArray[Any], white: int) -> NDArray[Any]:
    """Returns the values (H,W,C), whose zero is white, with the first channel counted from black."""
    inverted = values.copy()
    np.subtract(values.dtype.type(white), values[..., 0], out=inverted[..., 0])
    return inverted


def _find_alpha(page: Page, photometric: int, channels: int) -> tuple[tuple[int, ...], bool]:
    """Returns the indices of the alpha channels, and whether the colours are multiplied by alpha."""
    extra = page.numbers(EXTRA_SAMPLES)
    if not extra and photometric == RGB and channels == 4:
        # Pillow, too, takes an undescribed fourth channel for alpha.
        extra = (2,)
    extra = extra[: max(0, channels - _COLOURS.get(photometric, 1))]
    first = channels - len(extra)
    alpha = tuple(first + index for index, kind in enumerate(extra) if kind in _ALPHA)
    return alpha, ASSOCIATED in extra


def _look_up(indices: NDArray[Any], colours: NDArray[Any] | None) -> NDArray[Any]:
    if colours is None or len(colours) != 3:
        raise ValueError("it has no palette")
    if int(indices.max()) >= colours.shape[1]:
        raise ValueError(f"it has the index {indices.max()} in a palette of {colours.shape[1]} colours")
    table: NDArray[Any] = (colours.T >> 8).astype(np.uint8)
    pixels: NDArray[Any] = table[indices]
    return pixels


def _divide(values: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Returns colours (H,W,C) divided by their alpha (H,W,1), 0 where alpha is 0; rounded as in Pillow."""
    if values.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            quotients: NDArray[Any] = np.divide(values, alpha, out=np.zeros_like(values), where=alpha > 0)
        return quotients
    most = int(np.iinfo(values.dtype).max)
    divided = np.zeros(values.shape, np.uint64)
    np.floor_divide(values.astype(np.uint64) * np.uint64(most), alpha, out=divided, where=alpha > 0)
    colours: NDArray[Any] = np.minimum(divided, np.uint64(most)).astype(values.dtype)
    return colours


def _to_rgb(inks: NDArray[Any]) -> NDArray[Any]:
    """Returns red, green and blue (H,W,3) for cyan, magenta, yellow and black (H,W,4), by Pillow's formula."""
    most = np.uint64(np.iinfo(inks.dtype).max)
    light = most - inks[..., 3:].astype(np.uint64)
    covered = (inks[..., :3].astype(np.uint64) * light + most // np.uint64(2)) // most
    return (light - covered).astype(inks.dtype)
