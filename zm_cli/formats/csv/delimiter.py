"""Chooses the delimiter of a table: cuts its first rows at each candidate, and takes the one that fits best."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence

from zm_cli.errors import DataError, UsageError
from zm_cli.formats.csv.cell_kinds import Kind, find_kind
from zm_cli.formats.csv.trials import DELIMITERS, Start, Trial, read_cell, try_delimiter
from zm_cli.inputs.standard_input import name_input

DELIMITER_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}

MARGIN = 1.5
"""How many times better the best candidate must fit than the next one."""
UNLIKE_FIRST = 0.25
"""The factor for a candidate with which the first row has another number of cells than most rows."""
LIKELY = 1.5
"""The factor for a tab, which text hardly ever contains, and for a candidate with which all commas are in numbers."""
WITHOUT_NUMBERS = 0.02
"""What a candidate is worth with which no cell is a number."""
SINGLE = 0.001
"""The score of a single column, which is chosen if the rows hold no delimiter."""
SINGLE_OF_DECIMALS = 0.2
"""The score of a single column that holds nothing but numbers with decimal commas."""
MAX_LINES = 50
"""The most lines that are looked at for columns lined up with several spaces."""
WORD = re.compile(r'"[^"]*"|\S+')
SEVERAL_SPACES = re.compile(r"^[ \t]|[ \t]{2}")
LAST_SPACE = re.compile(r"[ \t]$")
SPACED_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?: \d{3})+(?:[.,]\d+)?")


def parse_delimiter(text: str) -> bytes:
    """Returns the delimiter that an option's text names, perhaps by a word.

    Raises UsageError if it is not one ASCII character, or is a quote, a line end or a zero byte.
    """
    wanted = DELIMITER_WORDS.get(text.lower(), text)
    if len(wanted) != 1 or not wanted.isascii() or wanted in '"\r\n\0':
        raise UsageError(f"'{text}' is not a delimiter", where="--delimiter", hint="give one character, or tab")
    return wanted.encode()


def name_delimiter(delimiter: bytes) -> str:
    """Returns a delimiter as the option takes it, by its word if the character is invisible."""
    return {b"\t": "tab", b" ": "space"}.get(delimiter, delimiter.decode())


def choose_delimiter(head: Start, decimal: str | None, expected: bytes | None, path: str) -> bytes:
    """Returns the delimiter that fits the first rows of the table at `path`.

    `decimal` is the decimal mark that the user named. `expected` is taken if several delimiters fit equally well.
    Raises DataError, naming the candidates, if none fits clearly better than the others, or if the columns are lined up
    with several spaces.
    """
    text = head.text[head.start :]
    trials = [try_delimiter(head, bytes((code,))) for code in DELIMITERS + b" " if code in text]
    several = [trial for trial in trials if trial.rows and trial.width > 1 and _may_be_right(trial)]
    # Numbers in ragged rows say nothing if another delimiter makes even rows.
    several = [trial for trial in several if trial.even_share == 1.0] or several
    single = _try_single(head, decimal)
    candidates = [*several, single] if _is_decimals(single, decimal) or not several else several
    rated = [(_rate(trial, decimal), trial) for trial in candidates]
    best, chosen = max(rated, key=lambda pair: pair[0])
    _refuse_lined_up(head, best, path)
    close = [trial for score, trial in rated if score * MARGIN > best]
    if chosen.delimiter == b" ":
        close += [trial for trial in several if trial not in close and _may_hold_spaces(trial, chosen, decimal)]
    if len(close) == 1:
        return chosen.delimiter
    if expected is None or expected not in [trial.delimiter for trial in close]:
        raise _make_unclear_error(close, name_input(path))
    return expected


def _may_be_right(trial: Trial) -> bool:
    """Returns whether a delimiter is a candidate at all; a space is one only if it cuts all rows into
    equally many cells."""
    if trial.delimiter != b" ":
        return True
    empty = any(not cell.raw for row in trial.rows for cell in row)
    return trial.even_share == 1.0 and not empty and trial.numeric_share(None) >= 0.5


def _may_hold_spaces(trial: Trial, spaced: Trial, decimal: str | None) -> bool:
    """Returns whether the delimiter of a trial may be right although a space, the trial `spaced`, fits best.

    If all cells between spaces have a comma, it is their decimal mark, unless the spaces separate thousands.
    """
    marks = decimal == "," or all(b"," in cell.value for row in spaced.rows for cell in row)
    return trial.delimiter != b"," or not marks or _has_spaced_thousands(trial)


def _has_spaced_thousands(trial: Trial) -> bool:
    """Returns whether all cells with a space are numbers in which it separates thousands."""
    texts = [read_cell(cell).strip() for row in trial.rows for cell in row]
    return all(SPACED_THOUSANDS.fullmatch(text) for text in texts if " " in text)


def _try_single(head: Start, decimal: str | None) -> Trial:
    """Returns the trial of a single column: commas are part of its cells only if all of them are decimal marks."""
    unused = next((bytes((code,)) for code in DELIMITERS if code not in head.text), b",")
    single = try_delimiter(head, unused)
    return single if _is_decimals(single, decimal) else try_delimiter(head, b",")


def _is_decimals(trial: Trial, decimal: str | None) -> bool:
    """Returns whether a trial has one column of numbers, most of them with a decimal comma.

    Unless that is the decimal mark, a comma in the first row separates cells.
    """
    if decimal != "," and any(b"," in cell.value for row in trial.rows[:1] for cell in row):
        return False
    counts = Counter(kind for row in trial.kinds for kind in row)
    numbers = counts[Kind.COMMA] + counts[Kind.WHOLE]
    return trial.width == 1 and 2 * counts[Kind.COMMA] > numbers == counts.total() - counts[Kind.MISSING]


def _rate(trial: Trial, decimal: str | None) -> float:
    """Returns how well a delimiter fits: rows of the same width, and numbers in the cells."""
    if trial.width == 1:
        return SINGLE_OF_DECIMALS if _is_decimals(trial, decimal) else SINGLE
    share = trial.numeric_share(decimal)
    score = (1 - 1 / trial.width) * (share * share + WITHOUT_NUMBERS) * trial.even_share
    if len(trial.rows[0]) != trial.width:
        score *= UNLIKE_FIRST
    if trial.delimiter == b"\t":
        score *= LIKELY
    if trial.delimiter == b",":
        # A comma outside quotes cannot be both.
        marks = any(kind is Kind.COMMA for row in trial.kinds for kind in row)
        return score * UNLIKE_FIRST if decimal == "," and not marks else score
    return score * LIKELY if _has_decimal_commas_only(trial) else score


def _has_decimal_commas_only(trial: Trial) -> bool:
    """Returns whether there are commas below the first row, and all of them are decimal marks."""
    with_comma = [
        kind
        for row, kinds in zip(trial.rows[1:], trial.kinds, strict=True)
        for cell, kind in zip(row, kinds, strict=True)
        if b"," in cell.value
    ]
    return bool(with_comma) and all(kind is Kind.COMMA for kind in with_comma)


def _make_unclear_error(trials: Sequence[Trial], where: str) -> DataError:
    found = [
        f"'{name_delimiter(trial.delimiter)}' makes {trial.width} column{'s' * (trial.width > 1)}" for trial in trials
    ]
    options = [f"--delimiter '{name_delimiter(trial.delimiter)}'" for trial in trials]
    return DataError(
        f"its delimiter is not clear: {', '.join(found)}", where=where, hint=f"say which: {' or '.join(options)}"
    )


def _refuse_lined_up(head: Start, score: float, path: str) -> None:
    """Raises DataError if the columns are lined up with several spaces, or the lines end in one.

    It does not if some delimiter fits nearly as well, with this `score`.
    """
    found = head.text[head.start :].decode(errors="replace").splitlines()[: MAX_LINES + 1]
    comment = None if head.comment is None else head.comment.decode()
    # The last line may be unfinished.
    lines = [line for line in found[: max(1, len(found) - 1)] if line.strip()]
    lines = [line for line in lines if comment is None or not line.startswith(comment)]
    lined_up = any(SEVERAL_SPACES.search(line) for line in lines)
    if not lined_up and not any(LAST_SPACE.search(line) for line in lines):
        return
    rows = [WORD.findall(line) for line in lines]
    width = len(rows[0]) if rows else 0
    if width < 2 or any(len(row) != width for row in rows):
        return
    kinds = [find_kind(word.strip('"')) for row in rows for word in row]
    share = sum(kind not in (Kind.TEXT, Kind.MISSING) for kind in kinds) / len(kinds)
    if share >= 0.5 and (1 - 1 / width) * share * share > MARGIN * score:
        raise DataError(
            f"its {width} columns are lined up with several spaces, which are not one delimiter"
            if lined_up
            else f"its lines end in a space, after {width} columns that are separated by spaces",
            where=name_input(path),
            hint=f"awk '{{$1=$1}}1'{'' if path == '-' else ' ' + shlex.quote(path)} | zm ... - --delimiter space",
        )
