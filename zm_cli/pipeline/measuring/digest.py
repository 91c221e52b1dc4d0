"""The digest of a source: a hash of the hashes of its blocks, whose state is small and can be kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import xxhash

from zm_cli.data.digest import format_digest

HASHED_TOGETHER = 1 << 20
"""Bytes of block hashes that one hash replaces: those of 65,536 blocks. A constant, because it decides digests."""


@dataclass
class SourceDigest:
    """Hashes the concatenated hashes of blocks, which come in the order of the data.

    `latest` holds the hashes of the last blocks. Earlier ones are replaced, HASHED_TOGETHER bytes at a time, by one
    hash in `earlier`. So the state stays small, and the digest of fewer blocks is the plain hash of their hashes.
    """

    earlier: bytearray = field(default_factory=bytearray)
    latest: bytearray = field(default_factory=bytearray)

    def add(self, digests: bytes) -> None:
        """Adds the hashes of the next blocks, concatenated."""
        self.latest += digests
        while len(self.latest) > HASHED_TOGETHER:
            self.earlier += xxhash.xxh3_128_digest(self.latest[:HASHED_TOGETHER])
            del self.latest[:HASHED_TOGETHER]

    def ends_with(self, digests: bytes) -> bool:
        """Returns whether these are the hashes of the last blocks, as far back as `latest` goes."""
        return self.latest.endswith(digests[-len(self.latest) :])

    def __str__(self) -> str:
        """Returns the digest as stats files hold it."""
        return format_digest(xxhash.xxh3_128(self.earlier + self.latest))
