"""Damages files of any format: flips bits, replaces bytes, removes and copies parts, inserts tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LARGE = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\x80\0\0\0", b"\0\0\0\x80")
"""Extreme numbers, in both byte orders."""
MAX_CHANGES = 4


def damage(data: bytes, generator: np.random.Generator, *, head: int = 0, tokens: Sequence[bytes] = LARGE) -> bytes:
    """Returns the data with one to four changes; if `head` is given, half of them are in the first `head` bytes.

    `tokens` are texts that may replace bytes or be inserted between them.
    """
    damaged = bytearray(data)
    for _ in range(int(generator.integers(1, MAX_CHANGES + 1))):
        if damaged:
            _change(damaged, generator, head, tokens)
    return bytes(damaged)


def _change(data: bytearray, generator: np.random.Generator, head: int, tokens: Sequence[bytes]) -> None:
    reach = min(head, len(data)) if head and generator.random() < 0.5 else len(data)
    index = int(generator.integers(reach))
    length = int(generator.integers(1, 1 + min(64, len(data))))
    token = tokens[int(generator.integers(len(tokens)))]
    match int(generator.integers(7)):
        case 0:
            data[index] ^= 1 << int(generator.integers(8))
        case 1:
            data[index] = int(generator.integers(256))
        case 2:
            data[index : index + len(token)] = token
        case 3:
            data[index:index] = token
        case 4:
            del data[index : index + length]
        case 5:
            other = int(generator.integers(len(data)))
            data[index:index] = data[other : other + length]
        case _:
            if generator.random() < 0.3:
                del data[index:]
            else:
                data[index] ^= 0xFF
