"""Survey: what a file or folder holds, as far as it is known without choosing one of its datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Content:
    """One thing that a file or folder holds: an array, a column, or the files of one kind.

    `name` is its name for the user: the path of a dataset, the name of a column, some files. `type` is the type of its
    values, or the kind of the files. `shape`, `nbytes` (of the values, or of the files) and `count` (of samples or
    files) are None if they are unknown or do not apply. `usable` says whether zm can measure it; `remark` says why it
    cannot, or anything else worth knowing.
    """

    name: str
    type: str = ""
    shape: tuple[int, ...] | None = None
    nbytes: int | None = None
    count: int | None = None
    usable: bool = True
    remark: str = ""


@dataclass(frozen=True)
class Survey:
    """What a file or folder holds.

    `noun` is its name in sentences: "HDF5 file". `heading` is the name of its contents: "dataset". `choices` is the
    number of contents between which the user has to choose, 0 or 1 if there is no choice. `advice` says what to do
    next, empty if that is not known. `facts` are more facts, name to text.
    """

    noun: str
    heading: str
    contents: tuple[Content, ...] = ()
    choices: int = 0
    advice: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
