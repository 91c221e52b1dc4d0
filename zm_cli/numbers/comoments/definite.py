"""Whether the eigenvalues of a correlation matrix can be those of data, which have none below 0 but by rounding."""

from __future__ import annotations

from zm_cli.errors import DataError
from zm_cli.numbers.sums import Floats

SLACK = 1e-6
"""How far below 0 an eigenvalue can be, relative to the largest: the numbers of a stats file may have been rounded."""


def check_definite(values: Floats) -> None:
    """Raises DataError where one of these eigenvalues, the smallest first, is clearly below 0."""
    if len(values) and values[0] < -SLACK * values[-1]:
        raise DataError(
            "'covariance.comoment' is not that of any data: its features are correlated in a way that is not possible",
            hint="the stats file is damaged; make it again with zm stats",
        )
