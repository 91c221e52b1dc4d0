"""Merges the statistics of stats files."""
