"""How large a sketch can be. This module does not import NumPy, because the command line imports it at every start."""

from __future__ import annotations

MAX_BUCKETS = 8192
"""The most buckets kept per feature."""
MAX_READ = 1 << 17
"""The most buckets per feature in a stats file: another version may keep more. Merging leaves at most MAX_BUCKETS."""
MAX_FEATURE_NUMBERS = 4 * MAX_BUCKETS
"""The most numbers kept per feature: two for each bucket, one for each float64 that waits."""
EXTRA_NUMBERS = 4
"""Further numbers kept per feature: how many buckets, how many bits are dropped, and the extremes."""
