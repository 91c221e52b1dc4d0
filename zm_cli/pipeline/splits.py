"""Detects that training data are measured together with validation or test data."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence

from zm_cli.data.source import Source
from zm_cli.pipeline.words import list_names

TRAINING = frozenset({"train", "training", "trn"})
HELD_OUT = frozenset({"val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation", "holdout"})


def find_leak(sources: Sequence[Source]) -> str | None:
    """A sentence that warns of training data measured together with held-out data; None if there are none.

    The splits are recognized by the names of the sources or, in a single source, of the folders of its samples.
    """
    if len(sources) > 1:
        paths = [source.path for source in sources]
        start = len(os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths]))
        splits = {os.path.abspath(path)[start:].strip(os.sep): path for path in paths}
    else:
        path = sources[0].path
        splits = {folder: os.path.join(path, folder) for folder in sources[0].classes}
    training = [name for name in splits if _is_split(name, TRAINING) and not _is_split(name, HELD_OUT)]
    held_out = [name for name in splits if _is_split(name, HELD_OUT) and not _is_split(name, TRAINING)]
    if not (training and held_out):
        return None
    first = splits[training[0]]
    return (
        f"measured together: {list_names([*training, *held_out])}; what is held out leaks into training: measure "
        f"{first} alone (zm stats {shlex.quote(first)} -o train.stats.json), and give the rest --stats train.stats.json"
    )


def _is_split(name: str, words: frozenset[str]) -> bool:
    return not words.isdisjoint(re.findall("[a-z]+", name.lower()))
