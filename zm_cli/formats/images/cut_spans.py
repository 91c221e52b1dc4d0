"""Cuts a listing into spans: runs of samples of one shape, which are read together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count

from zm_cli.data import block
from zm_cli.data.block import Span
from zm_cli.formats.images.header import Header
from zm_cli.formats.images.listing import Listing
from zm_cli.formats.images.reading import Address, Place, Shape


def cut_spans(listing: Listing, find_shape: Callable[[Header], Shape], itemsize: int) -> Iterator[Span]:
    """Yields spans of consecutive samples with one shape, as many as decode to BLOCK_BYTES; each has an Address.

    `find_shape` returns the shape (H,W,C) of a sample by its header, `itemsize` is the number of bytes of a value. A
    span has either whole files or frames.
    """
    has_parts = any(listing.offsets) or any(listing.numbers)
    shapes, headers = list(map(find_shape, listing.headers)), listing.header_indices
    start, indices = 0, count()
    while start < len(listing):
        shape = shapes[headers[start]]
        sample_bytes = math.prod(shape) * itemsize
        room = max(1, block.BLOCK_BYTES // max(1, sample_bytes))
        is_part = has_parts and listing.is_part(start)
        stop = start + 1
        while stop < min(start + room, len(listing)) and shapes[headers[stop]] == shape:
            if has_parts and listing.is_part(stop) != is_part:
                break
            stop += 1
        places = tuple(map(Place, listing.numbers[start:stop], listing.offsets[start:stop])) if is_part else None
        yield Span(
            next(indices),
            Address(tuple(listing.paths[start:stop]), shape, places),
            sum(listing.nbytes[start:stop]),
            (stop - start) * sample_bytes,
        )
        start = stop
