"""zm: statistics of training data, and the centered, standardized, scaled or whitened dataset."""

__version__ = "0.1.0"
