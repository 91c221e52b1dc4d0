"""A list of file names that takes little memory."""

from __future__ import annotations

import os

from zm_cli.formats.images.names import Names


def test_names_of_any_bytes_are_kept() -> None:
    given = ["a/b.png", "ü.jpg", os.fsdecode(b"\xff\xfe.png"), "", "z"]
    names = Names()
    for name in given:
        names.append(name)
    assert list(names) == given
    assert (len(names), names[1:3], names[-1], names.index("z")) == (5, given[1:3], "z", 4)
