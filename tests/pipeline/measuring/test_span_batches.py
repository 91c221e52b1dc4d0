"""What errors name for spans of which one cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.formats.images.samples import save_picture
from zm_cli.data.options import ReadOptions
from zm_cli.formats import open_source
from zm_cli.pipeline.measuring.span_batches import name_spans


def test_spans_of_images_are_named_by_their_first_and_last_file(tmp_path: Path) -> None:
    for number in range(1, 6):
        save_picture(tmp_path, f"a/{number}.png", np.full((4 + number % 2, 5, 3), number, np.uint8))
    source = open_source(str(tmp_path), ReadOptions())
    spans = list(source.spans())
    assert name_spans(source, spans) == f"one of 5 files, {tmp_path / 'a/1.png'} to {tmp_path / 'a/5.png'}"
    assert name_spans(source, spans[:1]) == str(tmp_path / "a/1.png")


def test_other_spans_are_named_by_their_source(tmp_path: Path) -> None:
    save_picture(tmp_path, "a.png", np.zeros((4, 5, 3), np.uint8))
    np.save(tmp_path / "a.npy", np.zeros((10, 3)))
    for name in ("a.npy", "a.png"):
        source = open_source(str(tmp_path / name), ReadOptions())
        assert name_spans(source, list(source.spans())) == str(tmp_path / name)
