"""Dask clusters: their addresses, the connection to one, and the child processes of its workers."""
