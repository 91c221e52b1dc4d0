"""What the tests of the images format share: random pictures, and functions that open, read and write images."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.formats import open_source
from zm_cli.formats.images.source import ImageSource
from zm_cli.pipeline.applying.output import create_sink

RECEIPT = {"format": "zm-receipt", "version": 1, "operation": "center"}
PHOTOS = ("cat/1.png", "cat/2.png", "dog/1.png", "top.png")
SEED = 7


def random_values(shape: tuple[int, ...], dtype: str = "uint8", seed: int = SEED) -> np.ndarray:
    """Random integers of this shape: below 256 for uint8, below 60000 for all other dtypes."""
    high = 256 if dtype == "uint8" else 60000
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def random_picture(mode: str = "RGB", width: int = 40, height: int = 30, seed: int = SEED) -> Image.Image:
    """Random colours, converted to a mode."""
    return Image.fromarray(random_values((height, width, 3), seed=seed)).convert(mode)


def encode_picture(format: str, picture: Image.Image | None = None, **options: Any) -> bytes:
    """The contents of a file in one of Pillow's formats; by default of a random picture."""
    stream = io.BytesIO()
    (picture or random_picture()).save(stream, format, **options)
    return stream.getvalue()


def overwrite(data: bytes, position: int, new: bytes) -> bytes:
    """The data with other bytes at a position."""
    return data[:position] + new + data[position + len(new) :]


def save_picture(folder: Path, name: str, values: np.ndarray, mode: str | None = None, **options: Any) -> Path:
    """Writes values (H,W) or (H,W,C) as a picture, in a folder that is created if necessary."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(values)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def save_photos(folder: Path) -> Path:
    """Writes the PHOTOS, pictures of 5x4 pixels in two class folders and outside of them, to a new folder."""
    for index, name in enumerate(PHOTOS):
        save_picture(folder, name, random_values((4, 5, 3), seed=index))
    return folder


def open_images(path: Path, **options: Any) -> ImageSource:
    """The source at `path`, read with these options."""
    source = open_source(str(path), ReadOptions(**options), "images")
    assert isinstance(source, ImageSource)
    return source


def read_blocks(source: Any) -> list[Block]:
    """The blocks of all spans."""
    return [source.read(span) for span in source.spans()]


def read_pixels(source: Any) -> np.ndarray:
    """The values (N,H,W,C) of all samples."""
    return np.concatenate([block.values for block in read_blocks(source)])


def write_images(source: Any, output: str, dtype: str = "float32", format: str | None = None) -> None:
    """Writes all samples, not transformed, to an output with the RECEIPT; discards the output where that fails."""
    sink = create_sink(source, output, WriteOptions(np.dtype(dtype), RECEIPT, format))
    try:
        for span in source.spans():
            sink.write(sink.encode(source.read(span)))
        sink.commit()
    except BaseException:
        sink.discard()
        raise
