"""Random pictures for the tests of the images format, and functions that save them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

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
    """Returns the contents of a file in one of Pillow's formats; by default of a random picture."""
    stream = io.BytesIO()
    (picture or random_picture()).save(stream, format, **options)
    return stream.getvalue()


def overwrite(data: bytes, position: int, new: bytes) -> bytes:
    """Returns the data with other bytes at a position."""
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
