"""The errors that h5py raises, and their causes in a few words."""

from __future__ import annotations

import re

H5PY_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError)
"""What h5py raises for a file that is damaged or holds something that h5py does not support."""


def explain_error(error: BaseException) -> str:
    """Returns the cause of a failed h5py call as one clause, without memory addresses and times."""
    text = str(error.args[-1]) if error.args else type(error).__name__
    system = re.search(r"error message = '([^']*)'", text)
    if system:
        return system.group(1)
    clause = re.search(r"\((.*)\)", text, re.DOTALL)
    return (clause.group(1) if clause else text).strip()
