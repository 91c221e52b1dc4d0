"""Describes data for `inspect`: one dataset, or what a file or folder contains."""
