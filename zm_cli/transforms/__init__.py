"""Transforms: what becomes of the values of a block. They know numbers, not statistics: methods make them."""
