"""The options that only CSV files have."""

from __future__ import annotations

from zm_cli.data.options import Option, Panel, Recorded, Replay
from zm_cli.data.recorded_values import are_texts, is_comment, is_count, is_decimal_mark, is_delimiter, is_flag
from zm_cli.errors import UsageError


def _parse_comment(given: str) -> str:
    if not is_comment(given):
        raise UsageError(
            f"'{given}' cannot start a comment", where="--comment", hint="give a text without quotes, such as #"
        )
    return given


def _parse_decimal(given: str) -> str:
    mark = DECIMAL_WORDS.get(given.lower(), given)
    if mark not in DECIMAL_WORDS.values():
        raise UsageError(f"'{given}' is not a decimal mark", where="--decimal", hint="give a comma or a point")
    return mark


DECIMAL_WORDS = {"comma": ",", "point": "."}
DELIMITER: Option[str] = Option(
    "delimiter",
    metavar="CHAR",
    suggestions=("tab", "comma", "semicolon", "pipe", "space"),
    help="The character between cells; tab for a tab (default: the one that fits the first rows).",
    panel=Panel.TABLE,
    recorded=Recorded(is_delimiter, {"type": "string", "pattern": '^[^"\r\n\\u0000]$'}, Replay.UNLESS_CONTRADICTED),
)
DECIMAL: Option[str] = Option(
    "decimal",
    parse=_parse_decimal,
    metavar="CHAR",
    suggestions=("comma", "point"),
    help="The decimal mark: a comma, or a point (default).",
    panel=Panel.TABLE,
    recorded=Recorded(is_decimal_mark, {"enum": [",", "."]}),
)
ENCODING: Option[str] = Option(
    "encoding",
    metavar="NAME",
    suggestions=("utf-8", "utf-16", "utf-32", "latin-1", "cp1252", "shift_jis", "gb18030", "big5", "euc_kr", "koi8_r"),
    help="The encoding of the text: latin-1, shift_jis, ... (default: by the byte order mark, else UTF-8).",
    panel=Panel.TABLE,
)
"""Any name that Python knows. Stats files do not record it, because the text is the same in every encoding."""
HEADER: Option[bool] = Option(
    "header",
    given_as=bool | None,
    flags=("--header/--no-header",),
    help="Whether the first row holds names (default: decided by the rows below).",
    panel=Panel.TABLE,
    recorded=Recorded(is_flag, {"type": "boolean"}, same_in_all=True),
)
SKIP_ROWS: Option[int] = Option(
    "skip_rows",
    given_as=int,
    metavar="N",
    minimum=0,
    help="Leave out the first N lines, before the header; an output keeps them.",
    panel=Panel.TABLE,
    recorded=Recorded(is_count, {"type": "integer", "minimum": 0}, Replay.WHERE_IT_FITS),
)
COMMENT: Option[str] = Option(
    "comment",
    parse=_parse_comment,
    metavar="TEXT",
    suggestions=("#", "%", "//"),
    help="Leave out lines that start with this text; an output keeps those before the header.",
    panel=Panel.TABLE,
    recorded=Recorded(is_comment, {"type": "string", "minLength": 1, "pattern": '^[^"\r\n\u0000]*$'}),
)
NULL_VALUES: Option[tuple[str, ...]] = Option(
    "null_values",
    given_as=list[str],
    parse=tuple,
    flags=("--null-value",),
    metavar="TEXT",
    help="Another text or number that means missing, or COLUMN=TEXT for one column; may be repeated.",
    panel=Panel.MISSING,
    recorded=Recorded(are_texts, {"type": "array", "items": {"type": "string"}}, same_in_all=True),
)
