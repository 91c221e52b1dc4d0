"""The arithmetic: axes, exact sums, moments and how two of them become one; no files."""
