"""Folders of images: JPEG photographs, PNG thumbnails, and larger folders of links to them."""

from __future__ import annotations

import os
from itertools import cycle, islice
from pathlib import Path

import numpy as np

from bench.inputs.photographs import cut_views

JPEG_SIZE = (500, 375)
JPEG_QUALITY = 88
THUMBNAIL_SIZE = (32, 32)
CLASSES = 10


def make_jpegs(folder: Path, count: int, seed: int) -> None:
    """Writes photographs of 500x375, JPEG of quality 88, into two class folders."""
    # Views of 500 to 569 pixels' width: made smaller, if anything, so that they stay as sharp as the photographs.
    views = cut_views(np.random.default_rng(seed), count, JPEG_SIZE, zoom=(1.0, 1.138))
    for index, (which, view) in enumerate(views):
        place = folder / ("china", "flower")[which] / f"{index:06}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        view.save(place, quality=JPEG_QUALITY)


def make_thumbnails(folder: Path, count: int, seed: int) -> None:
    """Writes thumbnails of 32x32, PNG, into ten class folders."""
    views = cut_views(np.random.default_rng(seed), count, THUMBNAIL_SIZE, zoom=(1.0, 8.0))
    for index, (_, view) in enumerate(views):
        place = folder / str(index % CLASSES) / f"{index:06}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        view.save(place)


def link_pictures(folder: Path, source: Path, count: int) -> None:
    """Fills `folder` with `count` hard links to the pictures of `source`, under new names, over and over."""
    pictures = sorted(path for path in source.rglob("*") if path.is_file())
    for place in {path.parent.relative_to(source) for path in pictures}:
        (folder / place).mkdir(parents=True)
    for index, path in enumerate(islice(cycle(pictures), count)):
        os.link(path, folder / path.parent.relative_to(source) / f"{index:06}{path.suffix}")
