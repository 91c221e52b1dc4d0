"""Messages about several datasets of which the user has to choose one:
which one is probably meant, and how to name it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from zm_cli.formats.shared.split_names import mentions_training

LISTED = 4
"""The most datasets that a message lists."""
_JOINED = re.compile("(?<=[xy])(?=t)", re.IGNORECASE)


def choose_example(names: Sequence[str], sizes: Sequence[int]) -> str:
    """Returns the dataset that is probably meant: the largest one that is named like training data,
    or else the largest."""
    # `Xtrain` also counts as two words.
    training = [index for index, name in enumerate(names) if mentions_training(_JOINED.sub("_", name))]
    return names[max(training or range(len(names)), key=lambda index: sizes[index])]


def advise_example(path: str, example: str, total: int) -> str:
    """Returns the hint that names one dataset, and a command that lists all if the message cannot."""
    hint = f"say which, for example --dataset {shlex.quote(example)}"
    return f"{hint}; zm inspect {shlex.quote(path)} lists all" if total > LISTED else hint
