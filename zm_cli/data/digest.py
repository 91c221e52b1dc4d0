"""The text of a digest in stats files, receipts and provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xxhash

DIGEST_PREFIX = "xxh3_128:"
"""What a digest begins with: the name of the hash function; 32 hexadecimal digits follow."""


def format_digest(hasher: xxhash.xxh3_128) -> str:
    """Returns the hash so far as stats files, receipts and provenance hold it."""
    return DIGEST_PREFIX + hasher.hexdigest()
