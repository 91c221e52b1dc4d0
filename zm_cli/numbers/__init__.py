"""The arithmetic: axes, statistics and how two of them are merged, and the arrays of statistics in stats files."""
