"""Damages images: anywhere in the file, or in a chunk, segment or tag of its format."""

from __future__ import annotations

import zlib

import numpy as np

from fuzz.image_seeds import seeds
from fuzz.mutations import LARGE, damage
from fuzz.png_chunks import SIGNATURE, join_chunks, split_chunks

_START_BYTES = 96
"""The first bytes of a file, which hold most of the header in most formats."""
_TOKENS = (
    *LARGE, b"\xff\xd8\xff\xe1", b"\xff\xc2\0\x0b\x08", b"II*\0", b"MM\0*", b"Exif\0\0", b"RIFF", b"WEBPVP8L",
    b"GIF89a", b"\x89PNG", b"BM", b"P6 9 9 65535\n", b"\0\0\1\0", b"\x93NUMPY\1\0", b"ftypavif", b"\xff\x4f\xff\x51",
    b"8BPS",
)  # fmt: skip
_CHUNKS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"tRNS", b"gAMA", b"PLTE", b"sRGB")
_SEGMENTS = (0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE)


def mutate(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns the data damaged: anywhere, in a part of its own format, or joined with the data of another file.

    The lengths and checksums of a PNG are corrected in half of the cases, so that its reader gets past them.
    """
    match int(generator.integers(8)):
        case 0:
            others = list(seeds().values())
            other = others[int(generator.integers(len(others)))]
            return data[: int(generator.integers(len(data)))] + other[int(generator.integers(len(other))) :]
        case 1 | 2 if data.startswith(SIGNATURE):
            return _change_chunk(data, generator)
        case 1 | 2 if data.startswith(b"\xff\xd8"):
            return _add_segment(data, generator)
        case 1 | 2 if data[:4] in (b"II*\0", b"MM\0*"):
            return _change_tags(data, generator)
    damaged = damage(data, generator, head=_START_BYTES, tokens=_TOKENS)
    return join_chunks(split_chunks(damaged)) if generator.random() < 0.5 else damaged


def _change_chunk(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns a PNG with one chunk added, removed, doubled or changed; lengths and checksums are correct."""
    signature, chunks, rest = split_chunks(data)
    index = int(generator.integers(1, len(chunks)))
    name, body = chunks[index]
    match int(generator.integers(6)):
        case 0:
            new = _CHUNKS[int(generator.integers(len(_CHUNKS)))]
            text = b"Raw profile type exif\0\0" if new == b"zTXt" else b"k\0\0"
            filler = bytes(generator.integers(0, 256, int(generator.integers(40)), np.uint8))
            end = zlib.compress(bytes(9_000_000)) if generator.random() < 0.1 else filler
            chunks.insert(index, (new, text + end))
        case 1:
            chunks.insert(index, (name, body))
        case 2:
            del chunks[index]
        case 3 if name == b"IDAT":
            chunks[index] = name, zlib.compress(damage(zlib.decompress(body), generator))
        case 4:
            chunks[index] = name, damage(body, generator, tokens=_TOKENS)
        case _:
            chunks[0] = b"IHDR", damage(chunks[0][1], generator)
    return join_chunks((signature, chunks, rest))


def _add_segment(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns a JPEG with one more segment of random bytes at its start."""
    body = bytes(generator.integers(0, 256, int(generator.integers(40)), np.uint8))
    marker = _SEGMENTS[int(generator.integers(len(_SEGMENTS)))]
    body = (b"Exif\0\0II*\0\x08\0\0\0", b"MPF\0", b"")[int(generator.integers(3))] + body
    return data[:2] + bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


def _change_tags(data: bytes, generator: np.random.Generator) -> bytes:
    """Returns a TIFF with one to three fields of its first directory overwritten: tag, type, count or value."""
    order = "little" if data.startswith(b"II") else "big"
    changed = bytearray(data)
    start = int.from_bytes(data[4:8], order)  # type: ignore[arg-type]
    entries = int.from_bytes(data[start : start + 2], order)  # type: ignore[arg-type]
    for _ in range(int(generator.integers(1, 4))):
        position = start + 2 + 12 * int(generator.integers(entries)) + (0, 2, 4, 8, 8, 8)[int(generator.integers(6))]
        value = int(generator.choice([0, 1, 2, 3, 8, 9, 16, 64, 32767, 65535, len(data)]))
        changed[position : position + 2] = value.to_bytes(2, order)  # type: ignore[arg-type]
    return bytes(changed)
