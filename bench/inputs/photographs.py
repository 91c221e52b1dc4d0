"""Views of two real photographs: cut, mirrored, resized and toned as augmentation does it. No noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_images

GAIN = (0.85, 1.15)
GAMMA = (0.8, 1.25)


def load_photographs() -> list[NDArray[np.uint8]]:
    """The photographs that scikit-learn carries, 427x640x3 each: a temple under trees, and a flower."""
    return [np.asarray(image, dtype=np.uint8) for image in load_sample_images().images]


def cut_views(
    generator: np.random.Generator, count: int, size: tuple[int, int], zoom: tuple[float, float]
) -> Iterator[tuple[int, Image.Image]]:
    """`count` views of `size`, each with the number of its photograph; a view shows `zoom` times its size."""
    photographs = [Image.fromarray(photograph) for photograph in load_photographs()]
    for _ in range(count):
        which = int(generator.integers(len(photographs)))
        photograph = photographs[which]
        scale = generator.uniform(*zoom)
        width, height = scale * size[0], scale * size[1]
        left, top = generator.uniform(0, photograph.width - width), generator.uniform(0, photograph.height - height)
        view = photograph.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
        if generator.random() < 0.5:
            view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        yield which, view.point(_draw_tones(generator))


def cut_patches(generator: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
    """`count` squares (N,side,side,3) of the photographs as they are, half of them mirrored."""
    patches = np.empty((count, side, side, 3), np.uint8)
    which = generator.integers(2, size=count)
    for number, photograph in enumerate(load_photographs()):
        windows = np.lib.stride_tricks.sliding_window_view(photograph, (side, side), axis=(0, 1)).transpose(
            0, 1, 3, 4, 2
        )
        chosen = np.flatnonzero(which == number)
        tops, lefts = (generator.integers(length, size=len(chosen)) for length in windows.shape[:2])
        patches[chosen] = windows[tops, lefts]
    mirrored = generator.random(count) < 0.5
    patches[mirrored] = patches[mirrored, :, ::-1]
    return patches


def _draw_tones(generator: np.random.Generator) -> list[int]:
    """A tone curve for each channel, as Pillow's `point` takes them."""
    levels: NDArray[Any] = (np.arange(256) / 255) ** generator.uniform(*GAMMA)
    curves = 255 * np.outer(generator.uniform(*GAIN, size=3), levels)
    return [int(level) for level in curves.round().clip(0, 255).ravel()]
