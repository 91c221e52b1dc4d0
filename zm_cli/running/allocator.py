"""The C library's allocator, told to keep the memory of one block for the next."""

from __future__ import annotations

import sys
from functools import cache

# The names and numbers of <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
LARGEST_KEPT = 1 << 30
LARGEST_ON_HEAP = 64 << 20
"""More than the arrays of a block; larger ones (of very large images) are returned to the system."""
LARGEST_ALLOWED = 32 << 20
"""What glibc before 2.35 takes for the largest array on the heap."""


@cache
def keep_freed_memory() -> None:
    """Makes glibc give freed arrays to the next ones that are made; does nothing where there is another C library.

    By itself it returns large arrays to the system and fetches fresh pages, zeroed one by one, for the next block: half
    of the time that a block of text takes to cut. One arena for all threads keeps the peak where it was, or below.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    try:
        tune = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    tune(M_ARENA_MAX, 1)
    tune(M_TRIM_THRESHOLD, LARGEST_KEPT)
    if not tune(M_MMAP_THRESHOLD, LARGEST_ON_HEAP):
        tune(M_MMAP_THRESHOLD, LARGEST_ALLOWED)
