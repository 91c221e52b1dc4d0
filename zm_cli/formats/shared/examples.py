"""Messages about several datasets of which one has to be chosen: a few of them, and the one that is probably meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from zm_cli.formats.shared.split_names import mentions_training

LISTED = 4
"""How many datasets a message lists."""
_JOINED = re.compile("(?<=[xy])(?=t)", re.IGNORECASE)


def choose_example(names: Sequence[str], sizes: Sequence[int]) -> str:
    """The dataset that is probably meant: one called like training data, and of those, or of all, the largest."""
    # `Xtrain` is two words, too.
    training = [index for index, name in enumerate(names) if mentions_training(_JOINED.sub("_", name))]
    return names[max(training or range(len(names)), key=lambda index: sizes[index])]


def list_few(described: Sequence[str], total: int) -> str:
    """The first datasets of `total`, as they are described, and how many more there are."""
    rest = total - LISTED
    return ", ".join(described[:LISTED]) + (f" and {rest} more" if rest > 0 else "")


def advise_example(path: str, example: str, total: int) -> str:
    """The hint that names one dataset, and the command that lists all of them where a message does not."""
    hint = f"say which, for example --dataset {shlex.quote(example)}"
    return f"{hint}; zm inspect {shlex.quote(path)} lists all" if total > LISTED else hint
