"""Intact images to start from: one small picture of each format, mode and compression, and arrays."""

from __future__ import annotations

import io
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuzz.png_chunks import SIGNATURE, join_chunks

WIDTH, HEIGHT = 19, 14
DEEP_DTYPES = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
"""The dtypes of the modes with more than 8 bits per channel."""
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""The first column, the first row, and the steps between columns and rows of each pass of an interlaced PNG."""
_ORIENTATION = 274


def make_seeds(folder: Path) -> None:
    """Writes all seeds to `folder`, each in a folder of its own."""
    for name, data in seeds().items():
        path = folder / Path(name).stem / name
        path.parent.mkdir()
        path.write_bytes(data)


@cache
def seeds() -> dict[str, bytes]:
    """Returns the contents of the intact files, by file name."""
    from PIL import Image, features

    files = {f"png-{mode.replace(';', '')}.png": _save(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")}
    files |= {"png-deep.png": _save("I;16", "PNG"), "png-interlaced.png": _save_interlaced()}
    files["png-exif.png"] = _save("RGB", "PNG", exif=_make_exif())
    files["png-animated.png"] = _save("RGB", "PNG", save_all=True, append_images=[_make_picture("RGB", 2)])
    files |= {f"jpeg-{mode}.jpg": _save(mode, "JPEG") for mode in ("L", "RGB", "CMYK")}
    files["jpeg-progressive.jpg"] = _save("RGB", "JPEG", progressive=True, exif=_make_exif())
    files["mpo.jpg"] = _save("RGB", "MPO", save_all=True, append_images=[_make_picture("RGB", 2)])
    files["gif.gif"] = _save("P", "GIF", save_all=True, append_images=[_make_picture("P", 2)])
    for name, mode in (("bmp", "RGB"), ("pcx", "P"), ("tga", "RGBA"), ("ppm", "RGB"), ("pgm", "I;16"), ("ico", "RGBA"),
                       ("sgi", "RGB"), ("qoi", "RGBA"), ("dds", "RGBA"), ("im", "L"), ("icns", "RGBA")):  # fmt: skip
        files[f"{name}.{name}"] = _save(mode, {"pgm": "PPM"}.get(name, name.upper()))
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "group4"):
        mode = "1" if compression == "group4" else "RGB"
        files[f"tiff-{compression}.tif"] = _save(mode, "TIFF", compression=compression, exif=_make_exif())
    files |= {f"tiff-{mode.replace(';', '')}.tif": _save(mode, "TIFF") for mode in ("I;16", "F")}
    if features.check("webp"):
        files |= {f"webp-{lossless:d}.webp": _save("RGBA", "WEBP", lossless=lossless) for lossless in (False, True)}
    if features.check("avif"):
        files["avif.avif"] = _save("RGB", "AVIF")
    if features.check("jpg_2000"):
        files |= {
            f"jpeg2000-{bare:d}.j{'2k' if bare else 'p2'}": _save("RGB", "JPEG2000", no_jp2=bare)
            for bare in (False, True)
        }
    files["array.npy"] = _save_npy(np.random.default_rng(3).normal(size=(HEIGHT, WIDTH, 2)).astype(np.float32))
    files["array-f.npy"] = _save_npy(np.asfortranarray(np.asarray(_make_picture("I;16"))))
    files["array-tiff.tif"] = _save_array_tiff()
    Image.init()
    return dict(sorted(files.items()))


def _make_picture(mode: str, seed: int = 1) -> Any:
    from PIL import Image

    rng = np.random.default_rng(seed)
    if mode in DEEP_DTYPES:
        return Image.fromarray(rng.integers(0, 60000, (HEIGHT, WIDTH)).astype(DEEP_DTYPES[mode]))
    slopes = rng.integers(0, 60, (HEIGHT, WIDTH, 4)) + 10 * np.arange(WIDTH)[:, np.newaxis]
    picture = Image.fromarray(slopes.astype(np.uint8), "RGBA")
    return picture.convert(mode) if mode in ("LA", "RGBA") else picture.convert("RGB").convert(mode)


def _make_exif() -> Any:
    from PIL import Image

    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    return exif


def _save(mode: str, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture = _make_picture(mode)
    (picture.resize((32, 32)) if format == "ICNS" else picture).save(stream, format, **options)
    return stream.getvalue()


def _save_npy(values: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def _save_array_tiff() -> bytes:
    """Returns a TIFF of five channels, which no picture mode can hold."""
    import tifffile

    stream = io.BytesIO()
    values = np.random.default_rng(4).integers(0, 60000, (HEIGHT, WIDTH, 5)).astype(np.uint16)
    tifffile.imwrite(stream, values, photometric="minisblack", planarconfig="contig", compression="zlib", metadata=None)
    return stream.getvalue()


def _save_interlaced() -> bytes:
    """Returns a gray PNG in the seven passes of Adam7, which Pillow does not write."""
    values = np.asarray(_make_picture("L"))
    rows = [
        b"\0" + row.tobytes()
        for left, top, right, down in _ADAM7
        for row in values[top::down, left::right]
        if values[top::down, left::right].size
    ]
    header = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes([8, 0, 0, 0, 1])
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    return join_chunks((SIGNATURE, chunks, b""))
