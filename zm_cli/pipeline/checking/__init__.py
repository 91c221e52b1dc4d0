"""Checks data, and compares them with the statistics of training data."""
