"""Splits PNG files into chunks, and joins chunks with correct lengths and checksums."""

from __future__ import annotations

import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"

Chunks = tuple[bytes, list[tuple[bytes, bytes]], bytes]
"""The signature, the name and the contents of each chunk, and the bytes after the last complete chunk."""


def split_chunks(data: bytes) -> Chunks:
    """Returns the chunks of a PNG; for any other file, all bytes in place of the signature."""
    if not data.startswith(SIGNATURE):
        return data, [], b""
    chunks, position = [], len(SIGNATURE)
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        if end + 4 > len(data):
            break
        chunks.append((data[position + 4 : position + 8], data[position + 8 : end]))
        position = end + 4
    return SIGNATURE, chunks, data[position:]


def join_chunks(chunks: Chunks) -> bytes:
    """Returns the bytes of the file that consists of these chunks."""
    signature, pairs, rest = chunks
    encoded = (
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big") for name, body in pairs
    )
    return signature + b"".join(encoded) + rest
