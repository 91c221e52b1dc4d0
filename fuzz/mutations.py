"""Damage that fits any file: bits flipped, bytes replaced, parts cut, doubled, moved, tokens put in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LARGE = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\x80\0\0\0", b"\0\0\0\x80")
"""Numbers at the edge, in both byte orders."""
MOST_WOUNDS = 4


def damage(data: bytes, generator: np.random.Generator, *, head: int = 0, tokens: Sequence[bytes] = LARGE) -> bytes:
    """The data with one to four wounds; half of them in the first `head` bytes, where that is given.

    `tokens` are what may be written over or put between the bytes.
    """
    wounded = bytearray(data)
    for _ in range(int(generator.integers(1, MOST_WOUNDS + 1))):
        if wounded:
            _wound(wounded, generator, head, tokens)
    return bytes(wounded)


def _wound(data: bytearray, generator: np.random.Generator, head: int, tokens: Sequence[bytes]) -> None:
    reach = min(head, len(data)) if head and generator.random() < 0.5 else len(data)
    place = int(generator.integers(reach))
    length = int(generator.integers(1, 1 + min(64, len(data))))
    token = tokens[int(generator.integers(len(tokens)))]
    match int(generator.integers(7)):
        case 0:
            data[place] ^= 1 << int(generator.integers(8))
        case 1:
            data[place] = int(generator.integers(256))
        case 2:
            data[place : place + len(token)] = token
        case 3:
            data[place:place] = token
        case 4:
            del data[place : place + length]
        case 5:
            other = int(generator.integers(len(data)))
            data[place:place] = data[other : other + length]
        case _:
            if generator.random() < 0.3:
                del data[place:]
            else:
                data[place] ^= 0xFF
