"""What is run: every row of the tables, by the kind of its data."""

from bench.rows.arrays import ARRAY_ROWS
from bench.rows.distributions import DISTRIBUTION_ROWS
from bench.rows.growth import GROWTHS
from bench.rows.pictures import PICTURE_ROWS
from bench.rows.start import START_ROWS
from bench.rows.tables import TABLE_ROWS

ROWS = (*PICTURE_ROWS, *TABLE_ROWS, *ARRAY_ROWS, *DISTRIBUTION_ROWS, *START_ROWS)

__all__ = ["GROWTHS", "ROWS"]
