"""Applies statistics: transforms a source and writes it, as one output or as parts that are joined."""
