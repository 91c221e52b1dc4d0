"""Dask clusters: addresses, how one is started and reached, what is checked, and the child processes of workers."""
