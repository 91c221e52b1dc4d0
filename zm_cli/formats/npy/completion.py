"""Completes the name of an array in the archive of the data, or the path of a `.npy` file beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from zm_cli.data.options import Option
from zm_cli.errors import ZmError
from zm_cli.formats.npy.beside import KINDS, explain_misfit
from zm_cli.formats.npy.choose import SUFFIX, StoredArray, describe_array, list_arrays
from zm_cli.formats.shared.beside_shapes import may_be_beside

MAX_FILES = 100
"""The most files beside the data that are looked at."""


def complete_beside(option: Option[str], path: str, begun: str) -> Iterator[tuple[str, str]]:
    """Yields the arrays that begin with `begun` and can be the labels, weights or mask that the option names, each with
    its shape and type: members of the archive at `path`, or files beside a single array."""
    for name, array in _list_others(path, begun):
        shape = array.header.shape if array.header else ()
        if name.isprintable() and explain_misfit(option, array) is None and may_be_beside(option, shape):
            yield name, describe_array(array)


def _list_others(path: str, begun: str) -> Iterator[tuple[str, StoredArray]]:
    members = list_arrays(path, KINDS)
    if members and members[0].name:
        yield from ((array.name, array) for array in members if array.name.startswith(begun))
        return
    folder, start = os.path.split(begun)
    found = sorted(name for name in os.listdir(folder or ".") if name.startswith(start) and name.endswith(SUFFIX))
    for name in found[:MAX_FILES]:
        file = os.path.join(folder, name)
        try:
            if not os.path.samefile(file, path):
                yield file, list_arrays(file, KINDS)[0]
        except (OSError, ZmError):
            continue
