"""The digest of a source: the plain hash of the hashes of up to 65,536 blocks, and a small state for any number."""

from __future__ import annotations

import numpy as np
import pytest
import xxhash

from zm_cli.pipeline.measuring import digest
from zm_cli.pipeline.measuring.digest import HASHED_TOGETHER, SourceDigest

BLOCKS = HASHED_TOGETHER // 16


def draw_digests(blocks: int) -> bytes:
    return np.random.default_rng(blocks).bytes(16 * blocks)


def digest_at_once(digests: bytes) -> str:
    made = SourceDigest()
    made.add(digests)
    return str(made)


@pytest.mark.parametrize("blocks", [0, 1, 5, BLOCKS])
def test_it_is_the_plain_hash_where_there_are_few_blocks(blocks: int) -> None:
    digests = draw_digests(blocks)
    assert digest_at_once(digests) == f"xxh3_128:{xxhash.xxh3_128_hexdigest(digests)}"


def test_of_more_blocks_the_earlier_ones_are_hashed_together() -> None:
    digests = draw_digests(BLOCKS + 1)
    together = xxhash.xxh3_128_digest(digests[:HASHED_TOGETHER])
    assert digest_at_once(digests) == f"xxh3_128:{xxhash.xxh3_128_hexdigest(together + digests[HASHED_TOGETHER:])}"


@pytest.mark.parametrize("step", [1, 3, 7, 50, 1000])
def test_it_does_not_depend_on_how_the_blocks_are_added(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "HASHED_TOGETHER", 16 * 5)
    digests, made = draw_digests(33), SourceDigest()
    for start in range(0, len(digests), 16 * step):
        made.add(digests[start : start + 16 * step])
        # The same from its state.
        made = SourceDigest(bytearray(made.earlier), bytearray(made.latest))
        assert made.ends_with(digests[:start][-16:] + digests[start : start + 16 * step])
        assert not made.ends_with(bytes(16))
        assert len(made.latest) <= 16 * 5
    assert str(made) == digest_at_once(digests)


def test_the_state_of_millions_of_blocks_is_small() -> None:
    made = SourceDigest()
    digests = draw_digests(BLOCKS)
    for _ in range(200):
        made.add(digests)
    assert len(made.earlier) + len(made.latest) < 1.01 * HASHED_TOGETHER
