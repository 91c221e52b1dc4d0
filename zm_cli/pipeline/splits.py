"""Detects held-out data that are measured: together with training data, or alone as if they were training data."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from zm_cli.data.source import Source
from zm_cli.formats.shared.split_names import is_held_out, mentions_held_out, mentions_training
from zm_cli.inputs.name_lists import quote_few
from zm_cli.inputs.standard_input import name_input
from zm_cli.system import common_folder


def find_leak(sources: Sequence[Source]) -> str | None:
    """Returns a warning of held-out data that are measured together with training data; None if there are none.

    Splits are recognized by the names of the sources or, in a single source, of the folders of its samples.
    """
    if len(sources) > 1:
        paths = [source.path for source in sources]
        start = len(common_folder([os.path.dirname(os.path.abspath(path)) for path in paths]))
        splits = {os.path.abspath(path)[start:].strip(os.sep): path for path in paths}
    else:
        path = sources[0].path
        # For a file, these facts would need a pass over all of it.
        inside = sources[0].facts().splits if os.path.isdir(path) else ()
        splits = {folder: os.path.join(path, folder) for folder in inside}
    training = [name for name in splits if mentions_training(name)]
    held_out = [name for name in splits if mentions_held_out(name)]
    if not (training and held_out):
        return None
    first = splits[training[0]]
    return (
        f"measured together: {quote_few([*training, *held_out])}; what is held out leaks into training: measure "
        f"{first} alone (zm stats {shlex.quote(first)} -o train.stats.json), and give the rest --stats train.stats.json"
    )


def find_held_out(sources: Sequence[Source]) -> str | None:
    """Returns a warning of statistics that are measured on data named like held-out data; None if there are none."""
    found = [name for source in sources if (name := _name_held_out(source))]
    if not found:
        return None
    are = "is named like held-out data, and its" if len(found) == 1 else "are named like held-out data, and their"
    return (
        f"{', '.join(found[:3])}{', ...' if len(found) > 3 else ''} {are} own statistics are measured; "
        f"if so, measure the training data instead (zm stats TRAIN -o train.stats.json), "
        f"and give {'this' if len(found) == 1 else 'these'} --stats train.stats.json"
    )


def _name_held_out(source: Source) -> str | None:
    """Returns what of a source is named like held-out data: its dataset, its file, its folder, or all folders in it.

    None if nothing is.
    """
    dataset = str(source.spec.decoding.get("dataset") or "")
    if is_held_out(dataset, file=False):
        return f"{source.path}: {dataset}"
    if source.path == "-" or mentions_training(dataset):
        return None
    folder = os.path.isdir(source.path)
    if is_held_out(source.path, file=not folder):
        return name_input(source.path)
    splits = list(source.facts().splits) if folder and not source.classes else []
    return os.path.join(source.path, splits[0]) if splits and all(map(mentions_held_out, splits)) else None
