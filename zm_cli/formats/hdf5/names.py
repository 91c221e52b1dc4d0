"""Converts names in an HDF5 file, which may be any bytes, to text and back."""

from __future__ import annotations

from zm_cli.errors import escape_controls


def encode_name(name: str) -> bytes:
    """Returns the name as stored in the file, for a text that `decode_name` returned."""
    return name.encode("utf-8", "surrogateescape")


def decode_name(name: bytes) -> str:
    """Returns a stored name as text; bytes that are not UTF-8 become surrogates."""
    return name.decode("utf-8", "surrogateescape")


def format_name(name: bytes | str) -> str:
    """Returns a stored or decoded name as text that is safe to print."""
    stored = encode_name(name) if isinstance(name, str) else name
    return escape_controls(stored.decode("utf-8", "replace"))


def split_path(path: bytes) -> list[bytes]:
    """Returns the names along a path, without empty ones and `.`, which mean the group itself;
    `..` is an ordinary name."""
    return [part for part in path.split(b"/") if part not in (b"", b".")]
