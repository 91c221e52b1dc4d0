"""BLAS, the library that multiplies NumPy's matrices: kept to one thread."""

from __future__ import annotations

from functools import cache


@cache
def limit_blas() -> None:
    """Keeps BLAS to one thread in this process from now on, and in the copies of it.

    Workers share the cores already, and how many threads add up a product decides its last bits.
    """
    from threadpoolctl import threadpool_limits

    # NumPy is loaded, else there would be nothing to limit. The limit stays when the object is gone.
    threadpool_limits(1, user_api="blas")
