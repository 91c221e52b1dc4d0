"""How much of everything: the full inputs and the quick ones."""

from __future__ import annotations

from dataclasses import dataclass

FACTORS = (1, 3, 10)
"""The inputs of the growth table hold this many times as much as the smallest."""


@dataclass(frozen=True)
class Size:
    """How many images, rows and samples the inputs hold; `growth_...` are the smallest of the growth table.

    Those must be large enough to fill the window of blocks in flight, or growth would be seen where there is none: at
    least 50 MB decoded.
    """

    jpegs: int
    thumbnails: int
    rows: int
    bytes_samples: int
    floats_samples: int
    gzip_samples: int
    center_samples: int
    growth_jpegs: int
    growth_thumbnails: int
    growth_rows: int
    growth_samples: int
    growth_center_samples: int
    factors: tuple[int, ...]


SIZES = {
    "full": Size(
        jpegs=1_500,
        thumbnails=20_000,
        rows=1_000_000,
        bytes_samples=40_000,
        floats_samples=10_000,
        gzip_samples=80_000,
        center_samples=20_000,
        growth_jpegs=300,
        growth_thumbnails=40_000,
        growth_rows=1_200_000,
        growth_samples=16_000,
        growth_center_samples=12_000,
        factors=FACTORS,
    ),
    "quick": Size(
        jpegs=150,
        thumbnails=3_000,
        rows=100_000,
        bytes_samples=8_000,
        floats_samples=2_000,
        gzip_samples=2_400,
        center_samples=4_000,
        growth_jpegs=100,
        growth_thumbnails=8_000,
        growth_rows=150_000,
        growth_samples=4_800,
        growth_center_samples=2_400,
        factors=FACTORS[:2],
    ),
}
