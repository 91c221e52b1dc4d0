"""What very large datasets would cost, computed from figures that are measured here: `python -m bench.scale`."""
