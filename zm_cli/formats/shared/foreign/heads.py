"""Recognizes files by their first bytes, if a fixed start does not tell enough."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

ARFF = re.compile(rb"(?:[ \t]*(?:%[^\r\n]*)?[\r\n])*[ \t]*@relation\s", re.IGNORECASE)
HTML = re.compile(rb"\s*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_JSON = re.compile(rb'\s*(?:\{\s*"|\[\s*\{|[\[{]\s*[\r\n])')
NUMBERS = re.compile(rb"\s*\[\s*\[[\s\d.eE+,\[\]-]*\Z")
_BOM = b"\xef\xbb\xbf"


def fits(pattern: re.Pattern[bytes]) -> Callable[[bytes], bool]:
    """Returns a function that tells whether a file matches the pattern at its start, after any byte order mark."""
    return lambda head: pattern.match(head.removeprefix(_BOM)) is not None


def is_json(head: bytes) -> bool:
    """Returns whether a file is a JSON object or array."""
    return fits(_JSON)(head) or _is_value(head.removeprefix(_BOM).strip())


def are_json_lines(head: bytes) -> bool:
    """Returns whether each line of a file is a JSON object or array."""
    first, newline, rest = head.removeprefix(_BOM).strip().partition(b"\n")
    return bool(newline) and rest.lstrip().startswith((b"{", b"[")) and _is_value(first.strip())


def _is_value(text: bytes) -> bool:
    """Returns whether a text is a JSON object or array."""
    if not text.startswith((b"{", b"[")):
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def is_idx(head: bytes) -> bool:
    """Returns whether a file begins with a type, 1 to 5 axes, and two zero bytes before them, as MNIST does."""
    return len(head) > 4 and head[:2] == b"\0\0" and head[2] in (8, 9, 11, 12, 13, 14) and 1 <= head[3] <= 5


def is_safetensors(head: bytes) -> bool:
    """Returns whether a file begins with the length of a JSON object, and that object."""
    return head[8:10] == b'{"' and int.from_bytes(head[:8], "little") < 1 << 32


def is_nifti(head: bytes) -> bool:
    """Returns whether a file has the marks of NIfTI, version 1 or 2."""
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] == b"n+2\0"
