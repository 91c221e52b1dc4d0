"""The arithmetic: axes, exact sums, moments and how two of them are merged; no files."""
