"""Finds what Pillow would not keep of a picture: bits, signs or channels that its mode cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from zm_cli.formats.images.meaning import WHITE_IS_ZERO
from zm_cli.formats.images.tiff import BITS, PHOTOMETRIC, SAMPLE_FORMAT, SAMPLES

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_UNSIGNED, _SIGNED = 1, 2
"""Values of the tag SampleFormat."""
_START_BYTES = 1 << 16
_STORED_CHANNELS = {"P": 1, "PA": 2}
"""The number of channels that a file stores for a palette mode, for which Pillow counts those of the palette."""


def describe_loss(picture: ImageFile) -> str:
    """Returns as a clause ("holds ...") what Pillow would not keep of an opened picture;
    empty if it keeps everything."""
    if picture.format == "TIFF":
        return _describe_tiff(picture)
    bits = stored_bits(picture)
    if bits > 8 and picture.mode not in ("I;16", "I;16B", "I", "F"):
        return _too_deep(bits)
    return ""


def is_stretched(picture: ImageFile) -> bool:
    """Returns whether Pillow scales the values of an opened picture to the full range of their type."""
    if picture.format == "PPM":
        args = picture.tile[0][3]
        return isinstance(args, tuple) and isinstance(args[-1], int) and args[-1] not in (-1, 255, 65535)
    return picture.format == "JPEG2000" and picture.mode == "I;16" and stored_bits(picture) < 16


def is_left_inverted(picture: ImageFile) -> bool:
    """Returns whether an opened TIFF counts 16-bit values from white:
    unlike those of 8 bits, Pillow does not invert them."""
    if picture.mode not in ("I;16", "I;16B") or picture.tag_v2.get(PHOTOMETRIC, 0) != WHITE_IS_ZERO:  # type: ignore[attr-defined]
        return False
    args = picture.tile[0][3] if picture.tile else ()
    return isinstance(args, tuple) and args[0] in ("I;16", "I;16B", "I;16L", "I;16N")


def stored_bits(picture: ImageFile) -> int:
    """Returns the bits per channel in the file if they can be more than the mode shows; else 8."""
    match picture.format:
        case "JPEG2000":
            return _jpeg2000_bits(_read_start(picture))
        case "AVIF":
            return _avif_bits(_read_start(picture))
    if not picture.tile:
        return 8
    codec, args = picture.tile[0][0], picture.tile[0][3]
    parts = args if isinstance(args, tuple) else (args,)
    if codec in ("ppm", "ppm_plain"):
        return 16 if isinstance(parts[-1], int) and parts[-1] > 255 else 8
    if codec == "SGI16" or any(isinstance(part, str) and ";16" in part and "BGR" not in part for part in parts):
        return 16
    if codec == "bcn" and parts[0] == 6:
        return 16
    if codec == "dds_rgb" and isinstance(parts[1], tuple):
        return max(int(mask).bit_count() for mask in parts[1])
    return 8


def _describe_tiff(picture: Any) -> str:
    tags: Mapping[int, Any] = picture.tag_v2
    bits = max(_numbers(tags.get(BITS, 1)))
    sample_format = _numbers(tags.get(SAMPLE_FORMAT, 1))[0]
    channels = _numbers(tags.get(SAMPLES, 1))[0]
    kept = _STORED_CHANNELS.get(picture.mode, len(picture.getbands()))
    if channels > kept:
        return f"holds {channels} channels, of which the decoder keeps {kept}"
    if bits > 8 and picture.mode not in ("I;16", "I;16B", "I", "F"):
        return _too_deep(bits)
    if picture.mode == "L" and bits == 8 and sample_format == _SIGNED:
        return "holds signed 8-bit numbers, which the decoder reads as unsigned"
    if picture.mode == "I" and bits == 32 and sample_format == _UNSIGNED:
        return "holds unsigned 32-bit numbers, which the decoder reads as signed"
    return ""


def _too_deep(bits: int) -> str:
    return f"holds {bits} bits per channel, of which the decoder keeps 8"


def _numbers(value: Any) -> tuple[int, ...]:
    """Returns the numbers of a tag, which Pillow gives as a tuple, as a single number, or as None."""
    return tuple(value) if isinstance(value, tuple) and value else (value or 1,)


def _read_start(picture: ImageFile) -> bytes:
    if picture.fp is None:
        return b""
    picture.fp.seek(0)
    return bytes(picture.fp.read(_START_BYTES))


def _jpeg2000_bits(data: bytes) -> int:
    # The component count is 40 bytes after the markers SOC and SIZ; 3 bytes per component follow, its depth first.
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0:
        return 8
    count = int.from_bytes(data[start + 40 : start + 42], "big")
    depths = data[start + 42 : start + 42 + 3 * count : 3]
    return max(((depth & 0x7F) + 1 for depth in depths), default=8)


def _avif_bits(data: bytes) -> int:
    # The AV1 configuration box: marker, profile and level, then the bits tier, high_bitdepth and twelve_bit.
    start = data.find(b"av1C")
    flags = data[start + 6] if 0 <= start < len(data) - 6 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10
