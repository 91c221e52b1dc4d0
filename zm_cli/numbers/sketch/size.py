"""How large a sketch can be; without NumPy, because the command line reads it at every start."""

from __future__ import annotations

MAX_BUCKETS = 8192
"""The most buckets of a feature that are kept."""
MAX_READ = 1 << 17
"""The most buckets of a feature in a stats file: another version may keep more. Merging leaves MAX_BUCKETS of them."""
MAX_NUMBERS = 4 * MAX_BUCKETS
"""The most numbers of a feature: two for each bucket, one for each float64 that waits."""
EXTRA_NUMBERS = 4
"""The numbers of a feature besides: how many buckets, how many bits are dropped, and the extremes."""
