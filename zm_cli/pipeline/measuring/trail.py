"""Trail: a running hash of the addresses of spans, which shows whether a later run reads the same data."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xxhash

from zm_cli.data.block import Span

LARGE = (bytes, np.ndarray)


class Trail:
    """Hashes the sizes and addresses of spans in order: of images the names and sizes of files, of tables the text."""

    def __init__(self) -> None:
        self._hasher = xxhash.xxh3_128()

    def add(self, spans: Iterable[Span]) -> None:
        """Adds the next spans; an address may have arrays and bytes as its own entries, but not nested deeper."""
        for span in spans:
            address = span.address
            large = [entry for entry in address if isinstance(entry, LARGE)] if isinstance(address, tuple) else ()
            if large:
                # The repr of bytes would be long, and that of an array is shortened.
                address = [entry for entry in address if not isinstance(entry, LARGE)]
            self._add_bytes(repr((span.nbytes, span.decoded, len(large), address)).encode("utf-8", "surrogatepass"))
            for entry in large:
                if isinstance(entry, bytes):
                    self._add_bytes(entry)
                else:
                    self._add_bytes(entry.dtype.str.encode())
                    self._add_bytes(entry.tobytes())

    def digest(self) -> bytes:
        """Returns the hash of all spans so far."""
        return self._hasher.digest()

    def _add_bytes(self, data: bytes) -> None:
        # The length first, so that different data never give the same bytes.
        self._hasher.update(b"%d:" % len(data))
        self._hasher.update(data)


NO_SPANS = Trail().digest()
"""The hash of no spans."""
