"""Applies statistics: transforms spans and writes them, as one output or as parts that are joined."""
