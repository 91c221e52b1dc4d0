"""Opens, reads and writes images, for the tests of the images format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zm_cli.data.block import Block
from zm_cli.data.options import ReadOptions
from zm_cli.data.sink import WriteOptions
from zm_cli.formats import open_source
from zm_cli.formats.images.source import ImageSource
from zm_cli.pipeline.applying.output import create_sink

RECEIPT = {"format": "zm-receipt", "version": 1, "operation": "center"}


def open_images(path: Path, **options: Any) -> ImageSource:
    """Returns the source at `path`, read with these options."""
    source = open_source(str(path), ReadOptions(**options), "images")
    assert isinstance(source, ImageSource)
    return source


def read_blocks(source: Any) -> list[Block]:
    """Returns the blocks of all spans."""
    return [source.read(span) for span in source.spans()]


def read_pixels(source: Any) -> np.ndarray:
    """Returns the values (N,H,W,C) of all samples."""
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
