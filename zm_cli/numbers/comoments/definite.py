"""Checks that a correlation matrix is positive semidefinite, as that of any data is."""

from __future__ import annotations

from zm_cli.numbers.comoments.arrays import COMOMENT
from zm_cli.numbers.statistic import FieldError
from zm_cli.numbers.sums import Floats

NEGATIVE_SLACK = 1e-6
"""How far below 0 an eigenvalue may be, relative to the largest: the numbers in a stats file may be rounded."""


def check_definite(values: Floats) -> None:
    """Raises FieldError if one of these eigenvalues, the smallest first, is clearly below 0."""
    if len(values) and values[0] < -NEGATIVE_SLACK * values[-1]:
        raise FieldError(COMOMENT, "is not positive semidefinite, so no data can have it")
