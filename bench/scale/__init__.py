"""Computes what very large datasets would cost from figures measured on this machine: `python -m bench.scale`."""
