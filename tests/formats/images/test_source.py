"""How a source of images is cut into spans, read by workers, and digested."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.formats.images.opened import open_images, read_blocks
from tests.formats.images.samples import random_values, save_picture
from zm_cli.data.block import BLOCK_BYTES, Block


def test_images_of_several_sizes_are_cut_into_spans_of_one_shape(tmp_path: Path) -> None:
    for index, shape in enumerate([(2, 3), (2, 3), (4, 3), (2, 3)]):
        save_picture(tmp_path, f"{index}.png", random_values((*shape, 3), seed=index))
    source = open_images(tmp_path)
    assert source.spec.sample_shape == (None, None, 3)
    assert [block.values.shape for block in read_blocks(source)] == [(2, 2, 3, 3), (1, 4, 3, 3), (1, 2, 3, 3)]
    assert source.facts().shapes == {"3x2": 3, "3x4": 1}
    assert sum(span.nbytes for span in source.spans()) == source.nbytes == source.facts().nbytes
    assert [span.index for span in source.spans()] == [0, 1, 2]
    assert all(block.values.flags.c_contiguous for block in read_blocks(source))


def test_a_span_holds_as_many_files_as_fit_a_block(tmp_path: Path) -> None:
    side = 1024
    for index in range(9):
        Image.new("L", (side, side), index).save(tmp_path / f"{index}.png")
    lengths = [len(span.address[0]) for span in open_images(tmp_path).spans()]
    assert lengths == [BLOCK_BYTES // side**2, 1]


def read_span(source: Any, span: Any) -> Block:
    block: Block = source.read(span)
    return block


def test_a_pickled_source_reads_the_same_blocks_in_other_processes(tmp_path: Path) -> None:
    for index in range(6):
        save_picture(tmp_path, f"{index % 2}/{index}.png", random_values((3 + index // 3, 5, 3), seed=index))
    source = open_images(tmp_path)
    assert source.small_samples
    assert b"/5.png" not in pickle.dumps(source)
    spans = list(source.spans())
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        remote = list(pool.map(read_span, [source] * len(spans), spans))
    for here, there in zip(read_blocks(source), remote, strict=True):
        np.testing.assert_array_equal(here.values, there.values)
        assert (here.digest, here.carried) == (there.digest, there.carried)
    assert pickle.loads(pickle.dumps(source)).facts() == source.facts()


def test_the_digest_depends_on_names_and_contents(tmp_path: Path) -> None:
    for folder, name in (("a", "1.png"), ("b", "1.png"), ("c", "2.png")):
        save_picture(tmp_path / folder, name, random_values((2, 2)))
    first, same, other = (read_blocks(open_images(tmp_path / folder))[0].digest for folder in "abc")
    assert first == same != other


def test_large_images_are_not_small_samples(tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "a.png")
    assert not open_images(tmp_path).small_samples
