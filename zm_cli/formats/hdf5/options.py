"""The options that only HDF5 files have."""

from __future__ import annotations

from zm_cli.data.options import Option, Panel

ALLOW_EXTERNAL: Option[bool] = Option(
    "allow_external",
    given_as=bool,
    # Without the option, the choice is left to the format.
    parse=lambda given: given or None,
    default=False,
    help="Read other files, too, that the file points to.",
    panel=Panel.ARRAY,
)
"""Whether values may come from other files that the file points to; stats files do not record it."""
