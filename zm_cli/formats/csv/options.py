"""The options that only CSV files have."""

from __future__ import annotations

from typing import Any

from zm_cli.data.options import Option, Panel, Recorded
from zm_cli.formats.shared.options import can_be_bytes, is_flag


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and can_be_bytes(text, "strict") for text in value)


DELIMITER: Option[str] = Option(
    "delimiter",
    metavar="CHAR",
    suggestions=("tab", "comma", "semicolon", "pipe", "space"),
    help="The character between cells; tab for a tab.",
    panel=Panel.TABLE,
)
ENCODING: Option[str] = Option(
    "encoding",
    metavar="NAME",
    suggestions=("utf-8", "utf-16", "utf-32", "latin-1", "cp1252", "shift_jis", "gb18030", "big5", "euc_kr", "koi8_r"),
    help="The encoding of the text: latin-1, shift_jis, ... (default: by the byte order mark, else UTF-8).",
    panel=Panel.TABLE,
)
"""Any name that Python knows. Statistics do not record it, because the text is the same in every encoding."""
HEADER: Option[bool] = Option(
    "header",
    given_as=bool | None,
    flags=("--header/--no-header",),
    help="Whether the first row holds names (default: yes).",
    panel=Panel.TABLE,
    recorded=Recorded(is_flag, {"type": "boolean"}),
)
NULL_VALUES: Option[tuple[str, ...]] = Option(
    "null_values",
    given_as=list[str],
    parse=tuple,
    flags=("--null-value",),
    metavar="TEXT",
    help="Another text that means missing; may be repeated.",
    panel=Panel.MISSING,
    recorded=Recorded(_are_texts, {"type": "array", "items": {"type": "string"}}),
)
