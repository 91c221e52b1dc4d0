"""The datasets of the images format for the tests of every format: folders of pictures, written by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.formats.case import Case, average_images, draw


def make_case(name: str, values: NDArray[Any]) -> Case:
    """Returns a dataset of images (N,H,W,C) in two class folders; the folder with the even indices is read first."""

    def write(folder: Path, _: NDArray[Any]) -> Path:
        for index, pixels in enumerate(values):
            class_folder = folder / "images" / f"class{index % 2}"
            class_folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.squeeze()).save(class_folder / f"{index:04}.png")
        return folder / "images"

    in_order = np.concatenate([values[::2], values[1::2]])
    return Case(name, in_order, write, ("channel", "pixel", "all"), "out.h5", read, average_images)


def read(path: Path) -> NDArray[Any]:
    """Returns the images (N,H,W,C) of an output."""
    with h5py.File(path) as file:
        values: NDArray[Any] = file["images"][()]
        return values


CASES = [
    make_case("images-rgb", draw((40, 6, 5, 3), "uint8")),
    make_case("images-gray", draw((40, 6, 5, 1), "uint8")),
    make_case("images-16bit", draw((40, 6, 5, 1), "uint16")),
]
