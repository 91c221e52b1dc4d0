"""Dask clusters: their addresses, the connection to one, and what its workers do for zm."""
