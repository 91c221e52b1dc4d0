"""The settings of the C library's allocator, which let the memory of one block be used again for the next."""

from __future__ import annotations

from functools import cache

from zm_cli.system import find_c_function

# The names and numbers of <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
LARGEST_KEPT = 1 << 30
"""Bytes of free memory that are kept for the next arrays."""
LARGEST_ON_HEAP = 64 << 20
"""More than the bytes of a block's arrays; larger ones (of very large images) are given back to the system."""
LARGEST_ALLOWED = 32 << 20
"""The largest value that glibc before 2.35 accepts for it."""


@cache
def keep_freed_memory() -> None:
    """Makes glibc use the memory of freed arrays for new ones; does nothing with another C library.

    By default, glibc gives large arrays back to the system and fetches new pages, zeroed one by one, for the next
    block: that is half of the time that a block of text takes to cut. One arena for all threads keeps the peak of
    memory where it was, or below. Safe to call from any thread, any number of times.
    """
    tune = find_c_function("mallopt")
    if tune is None or find_c_function("gnu_get_libc_version") is None:
        return
    tune(M_ARENA_MAX, 1)
    tune(M_TRIM_THRESHOLD, LARGEST_KEPT)
    if not tune(M_MMAP_THRESHOLD, LARGEST_ON_HEAP):
        tune(M_MMAP_THRESHOLD, LARGEST_ALLOWED)
