"""Measures sources: runs of spans are measured by workers and merged into Stats, with checkpoints on the way."""
